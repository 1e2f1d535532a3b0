// X.509 certificates of a fleet's own authority (RFC 5280): one self-signed CA, and listener certificates below it.
// ECDSA on P-256 with SHA-256, which every TLS 1.2 and 1.3 client verifies. Refuses to know where the PEM is kept.
import { createHash, createPublicKey, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import * as x509 from '@peculiar/asn1-x509';

const ecdsaWithSha256 = '1.2.840.10045.4.3.2'; // RFC 5758 §3.2
const commonNameType = '2.5.4.3';
const longestCommonName = 64; // RFC 5280 appendix A.1, ub-common-name

export type Validity = { readonly from: Date; readonly to: Date };

/** Who signs: the issuer's name as it stands in its certificate, and its private key. */
export type Issuer = { readonly subject: x509.Name; readonly key: KeyObject };

export type CertificateFacts = {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly validity: Validity;
  /** 16 random bytes. */
  readonly serial: Uint8Array;
};

/** A CA that signs listener certificates and nothing below them; PEM. */
export function issueAuthority(facts: CertificateFacts, key: KeyObject): string {
  const subject = nameOf(facts.commonName);
  return issue(facts, { subject, key }, [
    extension(x509.id_ce_basicConstraints, new x509.BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
    keyUsage(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign),
  ]);
}

/** A server certificate for `names` (DNS names and IP addresses), signed by `authority`; PEM. */
export function issueServerCertificate(
  facts: CertificateFacts,
  names: readonly string[],
  authority: { readonly certificate: string; readonly key: KeyObject },
): string {
  const der = new X509Certificate(authority.certificate).raw;
  const { subject } = AsnConvert.parse(der, x509.Certificate).tbsCertificate;
  return issue(facts, { subject, key: authority.key }, [
    extension(x509.id_ce_basicConstraints, new x509.BasicConstraints({ cA: false }), true),
    keyUsage(x509.KeyUsageFlags.digitalSignature),
    extension(x509.id_ce_extKeyUsage, new x509.ExtendedKeyUsage([x509.id_kp_serverAuth])),
    extension(x509.id_ce_subjectAltName, new x509.SubjectAlternativeName(names.map(alternativeName))),
    extension(
      x509.id_ce_authorityKeyIdentifier,
      new x509.AuthorityKeyIdentifier({ keyIdentifier: new x509.KeyIdentifier(keyId(createPublicKey(authority.key))) }),
    ),
  ]);
}

function issue(facts: CertificateFacts, issuer: Issuer, extensions: readonly x509.Extension[]): string {
  const algorithm = new x509.AlgorithmIdentifier({ algorithm: ecdsaWithSha256 });
  const { publicKey, validity, commonName } = facts;
  const tbsCertificate = new x509.TBSCertificate({
    version: x509.Version.v3,
    serialNumber: serialNumber(facts.serial),
    signature: algorithm,
    issuer: issuer.subject,
    validity: new x509.Validity({ notBefore: validity.from, notAfter: validity.to }),
    subject: nameOf(commonName),
    subjectPublicKeyInfo: AsnConvert.parse(
      publicKey.export({ type: 'spki', format: 'der' }),
      x509.SubjectPublicKeyInfo,
    ),
    extensions: new x509.Extensions([
      ...extensions,
      extension(x509.id_ce_subjectKeyIdentifier, new x509.SubjectKeyIdentifier(keyId(publicKey))),
    ]),
  });
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), issuer.key);
  const certificate = new x509.Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: arrayBuffer(signature),
  });
  return new X509Certificate(Buffer.from(AsnConvert.serialize(certificate))).toString();
}

function nameOf(commonName: string): x509.Name {
  const value = new x509.AttributeValue({ utf8String: commonName.slice(0, longestCommonName) });
  return new x509.Name([
    new x509.RelativeDistinguishedName([new x509.AttributeTypeAndValue({ type: commonNameType, value })]),
  ]);
}

function alternativeName(name: string): x509.GeneralName {
  return new x509.GeneralName(isIP(name) === 0 ? { dNSName: name } : { iPAddress: name });
}

function keyUsage(flags: number): x509.Extension {
  return extension(x509.id_ce_keyUsage, new x509.KeyUsage(flags), true);
}

function extension(id: string, value: unknown, critical = false): x509.Extension {
  return new x509.Extension({ extnID: id, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

/** RFC 5280 §4.2.1.2, method 1: SHA-1 over the public key's bits. */
function keyId(publicKey: KeyObject): ArrayBuffer {
  const spki = AsnConvert.parse(publicKey.export({ type: 'spki', format: 'der' }), x509.SubjectPublicKeyInfo);
  return arrayBuffer(createHash('sha1').update(Buffer.from(spki.subjectPublicKey)).digest());
}

/** RFC 5280 §4.1.2.2: a positive integer; DER has no needless leading zero. */
function serialNumber(random: Uint8Array): ArrayBuffer {
  const bytes = Buffer.from(random);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return arrayBuffer(bytes);
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
