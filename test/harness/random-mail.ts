// A mail drawn at random: who sends it from which platform, to whom, how large, with which wishes. Some senders and recipients are
// refused by their receiver whenever they are named, so that a mail tried again after a kill meets the same end.
import type { Draw } from './draw.ts';
import { markedMessage } from './ledger.ts';
import type { Mail } from './submit.ts';

export type RandomMail = Mail & {
  readonly mark: string;
  readonly platform: string;
  readonly wantsNotice: boolean;
  /** The client goes away before the final dot. */
  readonly breaksOff: boolean;
};

/** The one whose mail is dropped now and then; of no other is a mail dropped. */
export const doomedPlatform = 'offers';
export const platforms = ['orders', 'billing', 'news', doomedPlatform] as const;
/** A route of its own for each but the last two, which share one. */
export const receiverDomains = ['r0.test', 'r1.test', 'r2.test', 'r3.test', 'r4.test'] as const;

/** What receivers refuse, by local part of the sender, at which point. */
export const refusedSenders = {
  'unwanted-at-mail': 'MAIL',
  'unwanted-at-data': 'DATA',
  'unwanted-at-dot': 'DOT',
} as const;
/** Local parts of recipients: never there; asked to come again the first time. */
export const goneRecipient = 'gone';
export const greylistedRecipient = 'grey';

const mostRecipients = 40;
const largest = 3_000_000;

/** `mark` is nobody else's. */
export function drawMail(draw: Draw, mark: string): RandomMail {
  const local = draw.among<string>([[94, 'orders'], ...Object.keys(refusedSenders).map((name) => [2, name] as const)]);
  const isForged = draw.chance(0.02);
  const from = `${local}@${isForged ? 'elsewhere.test' : 'shop.test'}`;
  const to = drawRecipients(draw);
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
    platform: draw.pick(platforms),
    mailParameters: `${eightBit ? ' BODY=8BITMIME' : ''}${ret}${draw.chance(0.2) ? ` ENVID=e+2B${mark}` : ''}`,
    rcptParameters: notify === '' ? '' : ` NOTIFY=${notify}`,
    wantsNotice: notify !== 'NEVER',
    breaksOff: draw.chance(0.02),
  };
}

/** One as a rule, up to forty; no address twice. */
function drawRecipients(draw: Draw): readonly string[] {
  const count = draw.chance(0.6) ? 1 : draw.scaled(1, mostRecipients);
  const domains = receiverDomains.filter(() => draw.chance(0.5));
  return Array.from({ length: count }, (_, n) => {
    const kind = draw.among([
      [90, 'someone'],
      [5, goneRecipient],
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
