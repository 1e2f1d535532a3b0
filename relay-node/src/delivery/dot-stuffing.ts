// A message as it goes over the wire after 354: dots at the start of a line doubled, the final dot behind it (RFC 5321 §4.5.2).
// Cuts it into blocks and copies only a block that has such a dot, so that a large message is never in memory twice.
// A line ends with CRLF and nothing else: bare CR and LF never get into the queue.
const blockBytes = 65_536;
const dotAtLineStart = Buffer.from('\r\n.');
const dot = Buffer.from('.\r\n');
const lineEndAndDot = Buffer.from('\r\n.\r\n');

/** Pieces that are still coming. */
export type Supply = {
  /** The next one, if it is there. */
  take(): Buffer | undefined;
  /** Whether all have been taken, and were right. */
  isOver(): boolean;
};

/**
 * Yields the message, given in pieces that follow one another, in blocks of about 64 KB; returns the end of the data. Yields
 * undefined as often as it is asked while the next piece of a supply is not there yet.
 */
export function* stuffed(pieces: readonly Buffer[], supply?: Supply): Generator<Buffer | undefined, Buffer> {
  let before = '\r\n'; // the two octets ahead of the block; a message begins at the start of a line
  for (let next = 0; ; next += 1) {
    let piece = pieces[next];
    while (piece === undefined && supply?.isOver() === false) {
      piece = supply.take();
      if (piece === undefined) yield undefined;
    }
    if (piece === undefined) return before === '\r\n' ? dot : lineEndAndDot;
    for (let at = 0; at < piece.length; at += blockBytes) {
      const block = piece.length <= blockBytes ? piece : piece.subarray(at, at + blockBytes);
      yield needsStuffing(before, block) ? stuff(before, block) : block;
      before = (before + block.toString('latin1', Math.max(0, block.length - 2))).slice(-2);
    }
  }
}

function needsStuffing(before: string, block: Buffer): boolean {
  return (before + block.toString('latin1', 0, 2)).includes('\r\n.') || block.includes(dotAtLineStart);
}

function stuff(before: string, block: Buffer): Buffer {
  const text = (before + block.toString('latin1')).replaceAll('\r\n.', '\r\n..');
  return Buffer.from(text.slice(before.length), 'latin1');
}
