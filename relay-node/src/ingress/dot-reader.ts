// Where the bytes behind DATA end, and which of their dots are not part of the message. RFC 5321 §4.5.2: a dot that begins a line is
// taken away; a line of nothing but a dot is the end. A line begins behind CRLF and nowhere else (§2.3.8).
// One pass, in place: a message of dots costs no more than another one. The verdict does not depend on how the bytes are cut.

export type DotRead = {
  /** Content that is sure by now: a view of the front of the chunk, which is overwritten. */
  readonly content: Buffer;
  /** What came behind the end; undefined until the end has come. */
  readonly rest: Buffer | undefined;
};

export type DotReader = { push(chunk: Buffer): DotRead };

/** Where we are in a line: at its start, behind its dot, behind its dot and a CR, anywhere else, or there behind a CR. */
type Place = 'start' | 'dot' | 'dot-cr' | 'text' | 'cr';

const lf = 0x0a;
const cr = 0x0d;
const dot = 0x2e;

/** For the bytes of one message. */
export function createDotReader(): DotReader {
  let place: Place = 'start';
  return {
    push(given) {
      let chunk = given;
      if (place === 'dot-cr' && given.length > 0 && given[0] !== lf) {
        chunk = Buffer.concat([Buffer.of(cr), given]); // it was held back, and is content
        place = 'text';
      }
      let kept = 0;
      let from = 0; // what is content from here on has not been moved to the front yet
      const keepUntil = (to: number) => {
        if (from !== kept) chunk.copyWithin(kept, from, to);
        kept += to - from;
      };
      for (let at = 0; at < chunk.length; at += 1) {
        if (place === 'text') {
          at = chunk.indexOf(cr, at);
          if (at < 0) break;
        }
        const byte = chunk[at] ?? 0;
        if (place === 'dot-cr' && byte === lf)
          return { content: chunk.subarray(0, kept), rest: chunk.subarray(at + 1) };
        if (place === 'start' && byte === dot) {
          keepUntil(at);
          from = at + 1;
        }
        place = next(place, byte);
      }
      if (place !== 'dot-cr') keepUntil(chunk.length);
      return { content: chunk.subarray(0, kept), rest: undefined };
    },
  };
}

function next(place: Place, byte: number): Place {
  if (byte === cr) return place === 'dot' ? 'dot-cr' : 'cr';
  if (byte === lf && place === 'cr') return 'start';
  return byte === dot && place === 'start' ? 'dot' : 'text';
}
