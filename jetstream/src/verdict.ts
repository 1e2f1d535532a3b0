// What JetStream's answer to a publish means for the mail: stored, refused for good, or worth another try.
// Pure; error numbers are nats-server's errors.json (2.15.2). Refuses to know how often and how long one tries.

export type Verdict =
  | { readonly kind: 'stored'; readonly duplicate: boolean }
  | { readonly kind: 'refused'; readonly reason: 'full' | 'too-large'; readonly detail: string }
  /** A batch holds a message id that is already stored; none of the batch was stored now. */
  | { readonly kind: 'holds-duplicate' }
  /** Nothing certain: the same message id may be sent again. */
  | { readonly kind: 'again'; readonly detail: string };

/** An error as the server spells it; `code` is absent where the client gave up by itself. */
export type ServerError = { readonly code?: number | undefined; readonly description: string };

type Rule = {
  readonly name: string;
  readonly codes: readonly number[];
  readonly text?: RegExp;
  readonly verdict: (detail: string) => Verdict;
};

const full = (detail: string): Verdict => ({ kind: 'refused', reason: 'full', detail });
const tooLarge = (detail: string): Verdict => ({ kind: 'refused', reason: 'too-large', detail });

/** The first rule that fits decides; what fits none is tried again, as losing a mail is worse than sending its bytes twice. */
const rules: readonly Rule[] = [
  // 10077 carries any error of the store; only these texts say that waiting a second is no use.
  { name: 'stream limit', codes: [10077], text: /maximum (bytes|messages)|no space/, verdict: full },
  // insufficient resources, storage resources exceeded, account limits
  { name: 'server limit', codes: [10023, 10047, 10002], verdict: full },
  // message over the stream's limit, batch over 1000 messages, headers over 64 KB
  { name: 'message size', codes: [10054, 10199, 10097], verdict: tooLarge },
  { name: 'duplicate in batch', codes: [10201], verdict: () => ({ kind: 'holds-duplicate' }) },
];

export function judge({ code, description }: ServerError): Verdict {
  const rule = rules.find(
    ({ codes, text }) => code !== undefined && codes.includes(code) && (text === undefined || text.test(description)),
  );
  return rule?.verdict(description) ?? { kind: 'again', detail: description };
}
