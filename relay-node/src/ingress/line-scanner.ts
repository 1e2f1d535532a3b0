// Finds what makes peers disagree about where lines, and mails, end: CR and LF that do not come together, and NUL.
// RFC 5321 §2.3.8: they may be transmitted as a line ending only. The verdict does not depend on how the bytes are cut.
// Further defects of the raw message (lines over 998 octets) belong here.

export const wireDefects = ['bare-cr', 'bare-lf', 'nul'] as const;
export type WireDefect = (typeof wireDefects)[number];

export type LineScanner = {
  push(chunk: Uint8Array): void;
  /** The first defect in the order of the bytes, once all are pushed. */
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
      for (const byte of chunk) {
        if (byte > cr) {
          if (byte > 0x7f) eightBit = true;
          if (!afterCr) continue;
        }
        defect = defectOf(byte, afterCr);
        if (defect !== undefined) return;
        afterCr = byte === cr;
      }
    },
    end: () => ({ defect: defect ?? (afterCr ? 'bare-cr' : undefined), eightBit }),
  };
}

function defectOf(byte: number, afterCr: boolean): WireDefect | undefined {
  if (afterCr && byte !== lf) return 'bare-cr';
  if (!afterCr && byte === lf) return 'bare-lf';
  return byte === nul ? 'nul' : undefined;
}
