// The receiving server's judgement in one line, in the words of RFC 8601. Pure.
import type { Step } from '../../journey.ts';
import type { Receipt } from '../receiver/mailbox.ts';
import type { Verdicts } from '../receiver/verify.ts';

export function receiptStep({ receivedAt, verdicts }: Receipt): Step {
  return { at: Date.parse(receivedAt), text: `stored by the receiving server: ${verdictWords(verdicts)}` };
}

/** `dkim=pass (rsa-sha256, ed25519-sha256) spf=pass dmarc=pass` */
export function verdictWords({ dkim, spf, dmarc }: Verdicts): string {
  const results = [...new Set(dkim.map(({ result }) => result))];
  const one = results.length === 1 ? results[0] : undefined;
  const signatures =
    dkim.length === 0
      ? 'dkim=none'
      : one === undefined
        ? dkim.map(({ result, algorithm }) => `dkim=${result} (${algorithm})`).join(' ')
        : `dkim=${one} (${dkim.map(({ algorithm }) => algorithm).join(' and ')})`;
  return `${signatures} spf=${spf.result} dmarc=${dmarc.result}`;
}
