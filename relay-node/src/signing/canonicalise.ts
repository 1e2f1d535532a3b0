// The "relaxed" forms of RFC 6376 §3.4: what a DKIM signature is computed over.
// Works on bytes, in time linear in their number whatever they are: folded headers and long lines are a sender's to choose.
// Refuses to know keys and which header fields matter.
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** A header field as it lies in the message: `message.subarray(start, end)`, without its final CRLF. */
export type HeaderField = { readonly name: string; readonly start: number; readonly end: number };

const tab = 0x09;
const lf = 0x0a;
const cr = 0x0d;
const space = 0x20;
const colon = 0x3a;

/** Header fields from top to bottom, names in lower case, and where the body begins (after the empty line). */
export function splitMessage(message: Buffer): { readonly fields: readonly HeaderField[]; readonly bodyStart: number } {
  const fields: HeaderField[] = [];
  let start = 0;
  while (start < message.length) {
    if (message[start] === cr && message[start + 1] === lf) return { fields, bodyStart: start + 2 };
    const end = endOfField(message, start);
    fields.push({ name: fieldName(message, start, end), start, end });
    start = end + 2;
  }
  return { fields, bodyStart: message.length };
}

/** The fields one after another in relaxed form, each with its CRLF. RFC 6376 §3.4.2 */
export function relaxHeaders(message: Buffer, fields: readonly HeaderField[]): Buffer {
  const relaxed = Buffer.allocUnsafe(fields.reduce((sum, { start, end }) => sum + end - start + 2, 0));
  let at = 0;
  for (const { name, start, end } of fields) {
    at += relaxed.write(name, at, 'latin1');
    at = relaxValue(message, { from: message.indexOf(colon, start), to: end }, { into: relaxed, at });
    relaxed[at++] = cr;
    relaxed[at++] = lf;
  }
  return relaxed.subarray(0, at);
}

/** A body's hash in the making. */
export type BodyHash = {
  /** The next bytes of the body, cut anywhere. */
  push(bytes: Uint8Array): void;
  /** SHA-256 of the relaxed body, base64 (RFC 6376 §3.4.4). */
  end(): string;
};

/** `sliceBytes`: worked on at a time, in about twice as much memory. */
export function createBodyHash(sliceBytes = 65_536): BodyHash {
  const hash = createHash('sha256');
  const relaxed = Buffer.allocUnsafe(2 * sliceBytes + 8);
  const state: BodyState = { lineEnds: 0, blank: false, empty: true };
  const spill = (bytes: Buffer) => void hash.update(bytes);
  let heldCr = false; // whether a CR ends a line shows only with the byte behind it
  const relax = (slice: Uint8Array) => {
    const written = relaxSlice(slice, state, { into: relaxed, spill });
    hash.update(relaxed.subarray(0, written));
  };
  return {
    push(bytes) {
      if (bytes.length === 0) return;
      if (heldCr) relax(bytes[0] === lf ? lineEnd : lineEnd.subarray(0, 1));
      let from = heldCr && bytes[0] === lf ? 1 : 0;
      heldCr = from < bytes.length && bytes.at(-1) === cr;
      const end = heldCr ? bytes.length - 1 : bytes.length;
      while (from < end) {
        const to = Math.min(from + sliceBytes, end);
        // A slice never ends between CR and LF: relaxSlice looks one byte ahead.
        const cut = bytes[to - 1] === cr && bytes[to] === lf ? to + 1 : to;
        relax(bytes.subarray(from, cut));
        from = cut;
      }
    },
    end() {
      if (heldCr) relax(lineEnd.subarray(0, 1));
      heldCr = false;
      if (!state.empty) hash.update(lineEnd);
      return hash.digest('base64');
    },
  };
}

const lineEnd = Buffer.from('\r\n');

/** The same of a body at hand. Yields to the event loop between slices of a large one. */
export async function bodyHash(message: Uint8Array, bodyStart: number, sliceBytes = 262_144): Promise<string> {
  const hash = createBodyHash(Math.min(sliceBytes, message.length - bodyStart));
  for (let from = bodyStart; from < message.length;) {
    const to = from + sliceBytes;
    hash.push(message.subarray(from, to));
    from = to;
    if (from < message.length) await nextTurn();
  }
  return hash.end();
}

/** What one slice of a body leaves to the next: line ends and a blank that count only if something follows them. */
type BodyState = { lineEnds: number; blank: boolean; empty: boolean };
type Output = { readonly into: Buffer; readonly spill: (bytes: Buffer) => void };

/** Writes the relaxed form of a slice; returns how much of `into` is filled. */
function relaxSlice(slice: Uint8Array, state: BodyState, output: Output): number {
  const { into } = output;
  let at = 0;
  for (let i = 0; i < slice.length; i++) {
    const byte = slice[i]!;
    if (byte === space || byte === tab) {
      state.blank = true; // a run of blanks is one; before a line end it is none
    } else if (byte === cr && slice[i + 1] === lf) {
      state.blank = false;
      state.lineEnds++;
      i++;
    } else {
      if (state.lineEnds > 0) at = writeLineEnds(state, output, at);
      if (state.blank) into[at++] = space;
      into[at++] = byte;
      state.blank = state.empty = false;
    }
  }
  return at;
}

/** Line ends may have been held back over many slices: what is written is spilled while half of the room is still free. */
function writeLineEnds(state: BodyState, { into, spill }: Output, start: number): number {
  let at = start;
  for (; state.lineEnds > 0; state.lineEnds--) {
    if (at > into.length / 2) {
      spill(into.subarray(0, at));
      at = 0;
    }
    into[at++] = cr;
    into[at++] = lf;
  }
  return at;
}

/** Copies a value with runs of blanks and folds made one space, none at either end; returns where the copy ends. */
function relaxValue(
  message: Buffer,
  { from, to }: { from: number; to: number },
  { into, at }: { into: Buffer; at: number },
): number {
  into[at++] = colon;
  const start = at;
  let blank = false;
  for (let i = from + 1; i < to; i++) {
    const byte = message[i]!;
    if (byte === space || byte === tab || byte === cr || byte === lf) {
      blank = at > start;
    } else {
      if (blank) into[at++] = space;
      into[at++] = byte;
      blank = false;
    }
  }
  return at;
}

/** Where the field that starts here ends: at the first CRLF that no blank follows. */
function endOfField(message: Buffer, start: number): number {
  for (let from = start; ;) {
    const end = message.indexOf('\r\n', from, 'latin1');
    if (end < 0) return message.length;
    const next = message[end + 2];
    if (next !== space && next !== tab) return end;
    from = end + 2;
  }
}

function fieldName(message: Buffer, start: number, end: number): string {
  const at = message.indexOf(colon, start);
  if (at < 0 || at > end) return ''; // not a field; no name selects it
  return message.toString('latin1', start, at).trimEnd().toLowerCase();
}
