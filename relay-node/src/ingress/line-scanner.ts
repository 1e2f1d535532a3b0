// Finds what makes peers disagree about where lines, and mails, end: CR and LF that do not come together, and NUL.
// RFC 5321 §2.3.8: they may be transmitted as a line ending only. The verdict does not depend on how the bytes are cut.
// Further defects of the raw message (lines over 998 octets) belong here.
import { isAscii } from 'node:buffer';

export const wireDefects = ['bare-cr', 'bare-lf', 'nul'] as const;
export type WireDefect = (typeof wireDefects)[number];

export type LineScanner = {
  push(chunk: Uint8Array): void;
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
  return {
    push(chunk) {
      if (defect !== undefined) return;
      eightBit ||= !isAscii(chunk);
      let cameCr = afterCr; // a local, and an index: this loop sees every byte of every mail
      for (let index = 0; index < chunk.length; index += 1) {
        const byte = chunk[index] ?? 0;
        if (byte > cr && !cameCr) continue;
        defect = defectOf(byte, cameCr);
        if (defect !== undefined) return;
        cameCr = byte === cr;
      }
      afterCr = cameCr;
    },
    end: () => {
      const found = defect ?? (afterCr ? 'bare-cr' : undefined);
      return { defect: found, eightBit: found === undefined && eightBit };
    },
  };
}

function defectOf(byte: number, afterCr: boolean): WireDefect | undefined {
  if (afterCr && byte !== lf) return 'bare-cr';
  if (!afterCr && byte === lf) return 'bare-lf';
  return byte === nul ? 'nul' : undefined;
}
