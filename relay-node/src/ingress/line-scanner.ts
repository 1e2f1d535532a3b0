// Finds what makes peers disagree about where lines, and mails, end: CR and LF that do not come together, NUL, and lines that are
// too long. RFC 5321 §2.3.8: CR and LF may be transmitted as a line ending only. §4.5.3.1.6: a line has 998 octets at most; longer
// ones are cut or folded by programs on the way, which breaks signatures. The verdict does not depend on how the bytes are cut.
import { isAscii } from 'node:buffer';

export const wireDefects = ['bare-cr', 'bare-lf', 'nul', 'long-line'] as const;
export type WireDefect = (typeof wireDefects)[number];

/** Octets of a line, without its CRLF and with dots unstuffed. */
export const longestLine = 998;

export type LineScanner = {
  push(chunk: Uint8Array): void;
  /** Whether there is a defect already, for whoever need not wait for the end. */
  failed(): boolean;
  /** The first defect in the order of the bytes, once all are pushed. Without one: whether any byte is beyond ASCII. */
  end(): { readonly defect: WireDefect | undefined; readonly eightBit: boolean };
};

const nul = 0x00;
const lf = 0x0a;
const cr = 0x0d;

export function createLineScanner(): LineScanner {
  let defect: WireDefect | undefined;
  let eightBit = false;
  let afterCr = false;
  let lineBefore = 0; // octets that earlier chunks hold of the current line
  return {
    push(chunk) {
      if (defect !== undefined) return;
      eightBit ||= !isAscii(chunk);
      let cameCr = afterCr; // locals, and an index: this loop sees every byte of every mail
      let lineStart = -lineBefore;
      for (let index = 0; index < chunk.length; index += 1) {
        const byte = chunk[index] ?? 0;
        if (byte > cr && !cameCr) continue;
        defect = defectOf(byte, cameCr);
        if (defect !== undefined) return;
        cameCr = byte === cr;
        if (byte !== lf) continue;
        if (index - 1 - lineStart > longestLine) {
          defect = 'long-line';
          return;
        }
        lineStart = index + 1;
      }
      afterCr = cameCr;
      lineBefore = chunk.length - lineStart;
    },
    failed: () => defect !== undefined,
    end: () => {
      const found = defect ?? (afterCr ? 'bare-cr' : lineBefore > longestLine ? 'long-line' : undefined);
      return { defect: found, eightBit: found === undefined && eightBit };
    },
  };
}

function defectOf(byte: number, afterCr: boolean): WireDefect | undefined {
  if (afterCr && byte !== lf) return 'bare-cr';
  if (!afterCr && byte === lf) return 'bare-lf';
  return byte === nul ? 'nul' : undefined;
}
