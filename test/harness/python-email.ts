// The second opinion on our notices: Python's email package, which shares no code with what composed them.
import { spawnSync } from 'node:child_process';

const program = `
import base64, email, email.policy, json, sys
def read(raw):
    mail = email.message_from_bytes(base64.b64decode(raw), policy=email.policy.default)
    parts = list(mail.iter_parts())
    ours = [mail, *parts, *parts[1].get_payload()]
    defects = [repr(d) for part in ours for d in part.defects]
    defects += [repr(d) for part in ours for v in part.values() for d in getattr(v, 'defects', [])]
    return {
        'type': mail.get_content_type(),
        'reportType': mail.get_param('report-type'),
        'from': [a.addr_spec for a in mail['From'].addresses],
        'to': [a.addr_spec for a in mail['To'].addresses],
        'subject': mail['Subject'],
        'dated': mail['Date'].datetime is not None,
        'parts': [part.get_content_type() for part in parts],
        'text': parts[0].get_content(),
        'status': [{k.lower(): str(v) for k, v in block.items()} for block in parts[1].get_payload()],
        'returned': parts[2].as_string().partition('\\n\\n')[2],
        'defects': defects,
    }
json.dump([read(raw) for raw in json.load(sys.stdin)], sys.stdout)
`;

/** A notice as a mail program understands it. */
export type ReadNotice = {
  readonly type: string;
  readonly reportType: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly subject: string;
  readonly dated: boolean;
  readonly parts: readonly string[];
  readonly text: string;
  /** Fields by name in small letters: those of the mail first, then a group for each recipient. */
  readonly status: readonly Readonly<Record<string, string>>[];
  readonly returned: string;
  /** Whatever the parser found wrong, but for the returned mail itself. */
  readonly defects: readonly string[];
};

/** Undefined where there is no python3. */
export function readNotices(mails: readonly Buffer[]): readonly ReadNotice[] | undefined {
  const input = JSON.stringify(mails.map((mail) => mail.toString('base64')));
  const { error, status, stdout, stderr } = spawnSync('python3', ['-c', program], { input, encoding: 'utf8' });
  if (error !== undefined) return undefined;
  if (status !== 0) throw new Error(`python3 could not read a notice: ${stderr}`);
  return JSON.parse(stdout) as readonly ReadNotice[];
}
