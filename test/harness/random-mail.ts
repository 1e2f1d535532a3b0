// A mail drawn at random: who sends it from which platform, to whom, how large, with which wishes. Some senders and recipients are
// refused by their receiver whenever they are named, so that a mail tried again after a kill meets the same end.
import type { Draw } from './draw.ts';
import { markedMessage } from './ledger.ts';
import type { Mail } from './submit.ts';

export type RandomMail = Mail & {
  readonly mark: string;
  readonly platform: string;
  /** Those of `to` whose receiver refuses it for good. */
  readonly refused: readonly string[];
  readonly wantsNotice: boolean;
  /** The client goes away before the final dot. */
  readonly breaksOff: boolean;
};

/** The one whose mail is dropped now and then; of no other is a mail dropped. */
export const doomedPlatform = 'offers';
/** The one whose mail is given up soon, and which alone writes to mailboxes that are always full. */
export const perishable = { platform: 'billing', maxAge: '1m', maxAgeMs: 60_000 } as const; // the least that is taken
export const platforms = ['orders', perishable.platform, 'news', doomedPlatform] as const;
/** A route of its own for each but the last two, which share one. */
export const receiverDomains = ['r0.test', 'r1.test', 'r2.test', 'r3.test', 'r4.test'] as const;

/** What receivers refuse for good, by local part of the sender: at which point, and how. */
export const refusedSenders: Readonly<Record<string, readonly [at: 'MAIL' | 'DATA' | 'DOT', reply: string]>> = {
  'unwanted-at-mail': ['MAIL', '554 5.7.1 not from you'],
  'unwanted-at-data': ['DATA', '554 5.7.1 not from you'],
  'unwanted-at-dot': ['DOT', '554 5.7.1 not from you'],
  'too-large-at-dot': ['DOT', '552 too much mail data'], // for now at RCPT alone: RFC 5321 §4.5.3.1.10
};
/** Local parts of recipients: never there; asked to come again the first time; or every time. */
export const goneRecipient = 'gone';
export const greylistedRecipient = 'grey';
export const fullRecipient = 'full';

const mostRecipients = 40;
const largest = 3_000_000;

/** `mark` is nobody else's. */
export function drawMail(draw: Draw, mark: string): RandomMail {
  const local = draw.among<string>([[94, 'orders'], ...Object.keys(refusedSenders).map((name) => [2, name] as const)]);
  const isForged = draw.chance(0.02);
  const from = `${local}@${isForged ? 'elsewhere.test' : 'shop.test'}`;
  const platform = draw.pick(platforms);
  const to = drawRecipients(draw, platform);
  const eightBit = draw.chance(0.3);
  const message = markedMessage({ mark, from, to: to.slice(0, 10), body: drawBody(draw, eightBit) });
  const notify = draw.among<string>([
    [70, ''],
    [10, 'NEVER'],
    [10, 'FAILURE,DELAY'],
    [10, 'SUCCESS,FAILURE'],
  ]);
  const ret = draw.pick(['', ' RET=HDRS', ' RET=FULL']);
  return {
    mark,
    from,
    to,
    message,
    platform,
    refused: local in refusedSenders ? to : to.filter((address) => address.startsWith(goneRecipient)),
    mailParameters: `${eightBit ? ' BODY=8BITMIME' : ''}${ret}${draw.chance(0.2) ? ` ENVID=e+2B${mark}` : ''}`,
    rcptParameters: notify === '' ? '' : ` NOTIFY=${notify}`,
    wantsNotice: notify !== 'NEVER',
    breaksOff: draw.chance(0.02),
  };
}

/** One as a rule, up to forty; no address twice. */
function drawRecipients(draw: Draw, platform: string): readonly string[] {
  const count = draw.chance(0.6) ? 1 : draw.scaled(1, mostRecipients);
  const domains = receiverDomains.filter(() => draw.chance(0.5));
  return Array.from({ length: count }, (_, n) => {
    const kind = draw.among([
      [90, 'someone'],
      [5, goneRecipient],
      [platform === perishable.platform ? 2 : 0, fullRecipient],
      [5, greylistedRecipient],
    ]);
    return `${kind}${n}.${draw.int(0, 999)}@${draw.pick(domains.length > 0 ? domains : receiverDomains)}`;
  });
}

/** From nothing to three megabytes; lines that begin with dots, in UTF-8 where 8 bits are wanted. */
function drawBody(draw: Draw, eightBit: boolean): string {
  const size = draw.chance(0.9) ? draw.scaled(1, 20_000) : draw.scaled(20_000, largest);
  const words = eightBit ? 'größer, ça va, żółć ' : 'Your order is on its way. ';
  const lines = Array.from(
    { length: 7 },
    () => `${draw.pick(['', '.', '..', 'From '])}${draw.int(0, 1e9)} ${words.repeat(draw.int(0, 3))}`,
  );
  const block = `${lines.join('\r\n')}\r\n`;
  return `${block
    .repeat(Math.ceil(size / block.length))
    .slice(0, size)
    .trimEnd()}\r\nend`;
}
