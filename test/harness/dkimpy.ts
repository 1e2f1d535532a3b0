// The second opinion on our DKIM signatures: dkimpy, run as a Python program over a batch of messages.
// It shares no code with our signer and none with mailauth. Debian ships it as python3-dkim (Ed25519 needs python3-nacl).
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

const program = `
import base64, json, sys, dkim
given = json.load(sys.stdin)
keys = {name.encode(): value.encode() for name, value in given['keys'].items()}
def txt(name, timeout=5):
    return keys.get(name if isinstance(name, bytes) else name.encode())
out = []
for message in given['messages']:
    verifier = dkim.DKIM(base64.b64decode(message))
    count = sum(1 for name, _ in verifier.headers if name.lower() == b'dkim-signature')
    verdicts = []
    for index in range(count):
        try:
            verdicts.append(bool(verifier.verify(idx=index, dnsfunc=txt)))
        except dkim.DKIMException:
            verdicts.append(False)
    out.append(verdicts)
json.dump(out, sys.stdout)
`;

/** A Python that has dkimpy with Ed25519, or undefined. */
export function findDkimpy(): string | undefined {
  return ['python3', '/usr/bin/python3'].find(
    (python) => spawnSync(python, ['-c', 'import dkim, nacl'], { stdio: 'ignore' }).status === 0,
  );
}

/**
 * One list per message: whether each of its DKIM signatures, from top to bottom, verifies.
 * `keys` maps `<selector>._domainkey.<domain>.` (with the final dot) to the TXT value.
 */
export async function verifyWithDkimpy(
  python: string,
  messages: readonly Buffer[],
  keys: Readonly<Record<string, string>>,
): Promise<readonly (readonly boolean[])[]> {
  const child = spawn(python, ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ keys, messages: messages.map((message) => message.toString('base64')) }));
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`dkimpy ended with ${code}`);
  return JSON.parse(text);
}
