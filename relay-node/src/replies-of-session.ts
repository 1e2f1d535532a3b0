// The replies of a session apart from its mail: at any time, at login, and to mail without a login.
// Which is given when is decided in policy/ and ingress/.
import { retry, type Replies } from './reply.ts';

/** Said at any time, by the protocol itself. */
export const connection = {
  noConfiguration: {
    line: '421 4.3.2 Not ready yet, try again in a moment',
    reason: 'The node holds no configuration: it has just started, or has not heard from the operator.',
    sender: retry,
  },
  tooManyConnections: {
    line: '421 4.3.2 Too many connections, try again in a moment',
    reason: 'The node serves as many connections as the fleet’s limits.maxConnections allows.',
    sender: 'Reuse connections instead of opening one for each mail; otherwise try again.',
  },
  tooManyFromAddress: {
    line: '421 4.7.0 Too many connections from your address, try again in a moment',
    reason: 'One address (of IPv6, one /64) has half of the fleet’s limits.maxConnections; the rest is for others.',
    sender: 'Reuse connections. Where a load balancer hides the addresses of clients, keep them, or raise the limit.',
  },
  shuttingDown: {
    line: '421 4.3.2 Shutting down, connect again',
    reason: 'The node is stopping; other nodes take over.',
    sender: 'Connect again at once.',
  },
  tooSlow: {
    line: '421 4.4.2 Timeout, closing connection',
    reason: 'A command or a message did not arrive in the time a client may take, or the connection was idle.',
    sender: 'Close connections that are not in use; check the network if a message was under way.',
  },
  messageEndless: {
    line: '421 4.7.0 Message goes on far beyond the limit, closing connection',
    reason:
      'More than twice the fleet’s limits.maxMessageBytes came in one DATA, its end not among it. The 552 for the message was said before.',
    sender: 'Let the client announce the size (SIZE), so that it is told before it sends; link to large files.',
  },
  protocolAbuse: {
    line: '421 4.7.0 Too many or unacceptable commands, closing connection',
    reason:
      'The client spoke before the greeting, spoke HTTP, or sent too many unknown, unauthenticated or overlong commands.',
    sender: 'Check that the client speaks SMTP and uses the port’s TLS mode.',
  },
  unknownCommand: {
    line: '500 5.5.1 Command not recognised',
    reason: 'There is no such command.',
    sender: 'Correct the client.',
  },
  notImplemented: {
    line: '502 5.5.1 Command not implemented',
    reason: 'A command of SMTP that this relay does not offer: BDAT, BURL, EXPN, ETRN, ATRN, TURN, SEND, SAML or SOML.',
    sender: 'Use only what the EHLO reply offers; a mail goes with DATA.',
  },
  badSyntax: {
    line: '501 5.5.4 Syntax error in a command or its parameters',
    reason: 'A command was malformed.',
    sender: 'Correct the client.',
  },
  badSequence: {
    line: '503 5.5.1 Bad sequence of commands',
    reason: 'A command came before the one it needs.',
    sender: 'Correct the client.',
  },
  internalError: {
    line: '451 4.3.0 Local error, try again later',
    reason: 'A defect in the relay; its log says more.',
    sender: retry,
  },
} as const satisfies Replies;

/** AUTH, and mail without it. */
export const login = {
  tlsRequired: {
    line: '530 5.7.0 Must issue a STARTTLS command first',
    reason: 'Mail was offered on a connection without TLS.',
    sender: 'Turn on TLS in the client: implicit TLS on the submissions port, STARTTLS on the submission port.',
  },
  loginNeedsTls: {
    line: '538 5.7.11 Encryption required for authentication',
    reason: 'AUTH was tried on a connection without TLS.',
    sender: 'Turn on TLS in the client, and replace the password: it has just travelled in clear.',
  },
  unknownMechanism: {
    line: '504 5.5.4 Use AUTH PLAIN or AUTH LOGIN',
    reason: 'The client asked for another SASL mechanism.',
    sender: 'Configure PLAIN or LOGIN.',
  },
  badCredentials: {
    line: '535 5.7.8 Authentication credentials invalid',
    reason: 'Unknown user or wrong password; the two are told apart nowhere.',
    sender: 'Take user and password from the platform’s binding Secret, and read it again after a rotation.',
  },
  tooManyFailures: {
    line: '421 4.7.0 Too many failed authentications, closing connection',
    reason: 'Three logins in one connection that failed: wrong passwords, or checks there was no time for.',
    sender: 'As for 535: check the credentials before trying again.',
  },
  loginBusy: {
    line: '454 4.7.0 Temporary authentication failure, try again',
    reason: 'Too many password checks are waiting, of this client’s address or of all together.',
    sender: retry,
  },
  platformSuspended: {
    line: '525 5.7.13 This account is suspended',
    reason: 'The SenderPlatform is suspended; said only after a correct password. RFC 5248 §3.',
    sender: 'Ask the owner of the platform; its status says why.',
  },
  authenticationRequired: {
    line: '530 5.7.0 Authentication required',
    reason: 'No login, or the credential used has been withdrawn since.',
    sender: 'Log in; read the binding Secret again if that worked before.',
  },
} as const satisfies Replies;
