import { LedgerError, type Message } from '@credit-ledger/sdk/protocol';

type Fault = 'EXPIRED' | 'NOT_YET_VALID' | 'WRONG_NAME' | 'UNTRUSTED';

/** What OpenSSL and Node call it. */
const FAULTS: Readonly<Record<string, Fault>> = {
  CERT_HAS_EXPIRED: 'EXPIRED',
  CERT_NOT_YET_VALID: 'NOT_YET_VALID',
  ERR_TLS_CERT_ALTNAME_INVALID: 'WRONG_NAME',
  HOSTNAME_MISMATCH: 'WRONG_NAME',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'UNTRUSTED',
  SELF_SIGNED_CERT_IN_CHAIN: 'UNTRUSTED',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'UNTRUSTED',
  UNABLE_TO_GET_ISSUER_CERT: 'UNTRUSTED',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'UNTRUSTED',
  CERT_UNTRUSTED: 'UNTRUSTED',
  CERT_REJECTED: 'UNTRUSTED',
  CERT_REVOKED: 'UNTRUSTED',
  CERT_SIGNATURE_FAILURE: 'UNTRUSTED',
  CERT_CHAIN_TOO_LONG: 'UNTRUSTED',
  INVALID_CA: 'UNTRUSTED',
  INVALID_PURPOSE: 'UNTRUSTED',
};

/**
 * The error of a connection that came to nothing because of the other node's certificate; undefined when
 * something else was the matter. Nothing was sent then: the certificate is judged before the first byte.
 */
export function certificateError(endpoint: string, error: unknown): LedgerError | undefined {
  const reason = (error as { code?: unknown } | null)?.code;
  const fault = typeof reason === 'string' ? FAULTS[reason] : undefined;
  if (fault === undefined) return undefined;
  const operands = { endpoint, reason: String(reason) };
  switch (fault) {
    case 'EXPIRED':
      return new LedgerError('PEER_CERTIFICATE_EXPIRED', expired(endpoint), operands, { cause: error });
    case 'NOT_YET_VALID':
      return new LedgerError('PEER_CERTIFICATE_NOT_YET_VALID', notYet(endpoint), operands, { cause: error });
    case 'WRONG_NAME':
      return new LedgerError('PEER_CERTIFICATE_WRONG_NAME', wrongName(endpoint), operands, { cause: error });
    case 'UNTRUSTED':
      return new LedgerError('PEER_CERTIFICATE_UNTRUSTED', untrusted(endpoint), operands, { cause: error });
  }
}

function expired(endpoint: string): Message {
  return {
    en: `The TLS certificate of the node at ${endpoint} has expired; nothing was sent. Tell its operator to renew it; if it is in order there, check this machine’s clock. What waits is sent by itself then.`,
    zh: `节点 ${endpoint} 的 TLS 证书已过期，未发送任何内容。请通知对方运维更新证书；如对方证书正常，请检查本机时钟。更新后待发内容会自动发送。`,
  };
}

function notYet(endpoint: string): Message {
  return {
    en: `The TLS certificate of the node at ${endpoint} is not valid yet; nothing was sent. Check this machine’s clock first, then ask its operator.`,
    zh: `节点 ${endpoint} 的 TLS 证书尚未生效，未发送任何内容。请先检查本机时钟，再联系对方运维。`,
  };
}

function wrongName(endpoint: string): Message {
  return {
    en: `The TLS certificate of the node at ${endpoint} is for another name; nothing was sent. The certificate, or the endpoint that the council has for the member, must be mended.`,
    zh: `节点 ${endpoint} 的 TLS 证书与域名不符，未发送任何内容。需更正证书，或由理事会更正该成员的端点。`,
  };
}

function untrusted(endpoint: string): Message {
  return {
    en: `The TLS certificate of the node at ${endpoint} is from nobody whom this machine trusts; nothing was sent. If the members have an authority of their own, name its certificate in peerAuthoritiesPath; if not, somebody may be in between: ask the member.`,
    zh: `节点 ${endpoint} 的 TLS 证书不受本机信任，未发送任何内容。如成员间使用自建 CA，请在 peerAuthoritiesPath 中指定其证书；否则可能存在中间人，请与该成员核实。`,
  };
}
