// A message as the stream the SMTP library wants, without joining its pieces: a large body is not copied to put a header before it.
import { Readable } from 'node:stream';

const blockBytes = 65_536;

/** `progress` is called before each block leaves, with true once nothing follows but the final dot. */
export function messageStream(pieces: readonly Buffer[], progress: (last: boolean) => void): Readable {
  let piece = 0;
  let offset = 0;
  return new Readable({
    highWaterMark: blockBytes,
    read() {
      while (piece < pieces.length && offset >= pieces[piece]!.length) {
        piece++;
        offset = 0;
      }
      const current = pieces[piece];
      progress(current === undefined);
      this.push(current?.subarray(offset, offset + blockBytes) ?? null);
      offset += blockBytes;
    },
  });
}
