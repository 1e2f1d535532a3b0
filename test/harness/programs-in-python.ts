// What Debian's own Python can do here: other people's mail programs, as peers we did not write.
import { spawnSync } from 'node:child_process';
import { debianPython } from '../../hack/tools/debian.ts';

export function canImport(module: string): boolean {
  return spawnSync(debianPython, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
}
