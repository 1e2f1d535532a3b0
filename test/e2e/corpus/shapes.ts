// The corpus: messages as mail programs really send them and as the standards let them, in shapes that tend to break relays and
// signers. The same bytes every time; nothing here talks to anybody.
import { bodies } from './bodies.ts';
import type { Shape } from './compose.ts';
import { headers } from './headers.ts';
import { signedAndReported } from './signed-and-reported.ts';
import { structures } from './structures.ts';

export type { Shape } from './compose.ts';

export const shapes: readonly Shape[] = [...structures, ...bodies, ...headers, ...signedAndReported];
