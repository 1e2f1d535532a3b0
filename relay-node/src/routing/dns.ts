// What DNS says about mail: MX and address records, and whether a missing answer means "no" or "not now".
// The only importer of node:dns. Answers are kept for half a minute, so that a thousand mails are one query.
// Refuses to know what an answer means for a mail.
import { Resolver as SystemResolver } from 'node:dns/promises';

/** `none`: the name exists without such records. `no-such-name`: NXDOMAIN. `unavailable`: nobody could tell. */
export type Answer<T> =
  | { readonly kind: 'found'; readonly records: readonly T[] }
  | { readonly kind: 'none' }
  | { readonly kind: 'no-such-name' }
  | { readonly kind: 'unavailable'; readonly detail: string };

export type MxRecord = { readonly preference: number; readonly host: string };

export type Resolver = {
  /** A null MX (RFC 7505) is one record whose host is empty. */
  mx(domain: string): Promise<Answer<MxRecord>>;
  /** IPv4 first: reverse DNS and reputation are rarely complete for IPv6. */
  addresses(host: string): Promise<Answer<string>>;
};

export type ResolverOptions = {
  /** `ip:port`; empty means the system's. */
  readonly servers: readonly string[];
  readonly now: () => number;
  readonly keepMs?: number;
};

const keptNames = 10_000;

export function createResolver({ servers, now, keepMs = 30_000 }: ResolverOptions): Resolver {
  const dns = new SystemResolver({ timeout: 5_000, tries: 2 });
  if (servers.length > 0) dns.setServers(servers);
  const mx = async (domain: string): Promise<Answer<MxRecord>> =>
    ask(async () =>
      (await dns.resolveMx(domain)).map(({ priority, exchange }) => ({
        preference: priority,
        host: exchange.replace(/\.$/, '').toLowerCase(),
      })),
    );
  const addresses = async (host: string): Promise<Answer<string>> => {
    if (host === 'localhost' || host.endsWith('.localhost')) return found(['127.0.0.1', '::1']); // RFC 6761 §6.3
    return either(await Promise.all([ask(() => dns.resolve4(host)), ask(() => dns.resolve6(host))]));
  };
  return { mx: keeping(mx, now, keepMs), addresses: keeping(addresses, now, keepMs) };
}

async function ask<T>(query: () => Promise<readonly T[]>): Promise<Answer<T>> {
  try {
    const records = await query();
    return records.length > 0 ? found(records) : { kind: 'none' };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENODATA') return { kind: 'none' };
    if (code === 'ENOTFOUND' || code === 'EBADNAME') return { kind: 'no-such-name' };
    return { kind: 'unavailable', detail: code };
  }
}

/** One family's addresses suffice; "not now" from either outweighs "no" from the other. */
function either([first, second]: readonly [Answer<string>, Answer<string>]): Answer<string> {
  const records = [first, second].flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
  if (records.length > 0) return found(records);
  if (first.kind === 'unavailable') return first;
  if (second.kind === 'unavailable') return second;
  return first.kind === 'no-such-name' ? first : second;
}

function found<T>(records: readonly T[]): Answer<T> {
  return { kind: 'found', records };
}

/** Remembers answers, also "no", for `keepMs`; a question under way is not asked twice. "Not now" is not remembered. */
function keeping<T>(
  lookUp: (name: string) => Promise<Answer<T>>,
  now: () => number,
  keepMs: number,
): (name: string) => Promise<Answer<T>> {
  const kept = new Map<string, { readonly until: number; readonly answer: Promise<Answer<T>> }>();
  return (name) => {
    const known = kept.get(name);
    if (known !== undefined && known.until > now()) return known.answer;
    const answer = lookUp(name);
    kept.delete(name);
    kept.set(name, { until: now() + keepMs, answer });
    const [oldest] = kept.keys();
    if (kept.size > keptNames && oldest !== undefined) kept.delete(oldest);
    void answer.then(({ kind }) => {
      if (kind === 'unavailable' && kept.get(name)?.answer === answer) kept.delete(name);
    });
    return answer;
  };
}
