/** Entries of the log: DSSE envelopes over a record's canonical bytes, and when they came. */

import { concat, ed25519, fromBase64, hex, sha256, Unproven, utf8, type Bytes } from './bytes'

export interface Signature {
  readonly keyid: string
  readonly value: Bytes
}

export interface Entry {
  readonly payload: Bytes
  readonly payloadType: string
  readonly signatures: readonly Signature[]
  /** Microseconds since 1970, by the mechanism's clock. */
  readonly receivedAt: number
}

export interface RecordTree {
  readonly v: number
  readonly log: string
  readonly kind: string
  readonly id: string
  readonly author: string
  readonly seq: number
  readonly made_at: number
  readonly refs: readonly string[]
  readonly body: Readonly<Record<string, unknown>>
  readonly sealed: readonly string[]
}

export function readEntry(bytes: Bytes): Entry {
  try {
    const tree = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return { ...readEnvelope(tree.envelope), receivedAt: Number(tree.received_at) }
  } catch (failure) {
    if (failure instanceof Unproven) throw failure
    throw new Unproven('entries', 'an entry is not an envelope and a time')
  }
}

export function readEnvelope(tree: {
  payload: string
  payloadType: string
  signatures: { keyid: string; sig: string }[]
}): Omit<Entry, 'receivedAt'> {
  return {
    payload: fromBase64(tree.payload),
    payloadType: tree.payloadType,
    signatures: tree.signatures.map((one) => ({ keyid: one.keyid, value: fromBase64(one.sig) })),
  }
}

export function recordOf(entry: Pick<Entry, 'payload'>): RecordTree {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(entry.payload)) as RecordTree
}

/** DSSE pre-authentication encoding: the bytes under every signature. */
export function pae(payloadType: string, payload: Bytes): Bytes {
  const kind = utf8(payloadType)
  return concat(utf8(`DSSEv1 ${kind.length} `), kind, utf8(` ${payload.length} `), payload)
}

/** The id of a key: the first 16 bytes of its SHA-256, in hexadecimal. */
export async function keyId(publicKey: Bytes): Promise<string> {
  return hex((await sha256(publicKey)).slice(0, 16))
}

/** Whether `signature` on the envelope is by `publicKey`. */
export function signedBy(
  envelope: Pick<Entry, 'payload' | 'payloadType'>,
  signature: Signature,
  publicKey: Bytes,
): Promise<boolean> {
  return ed25519(publicKey, pae(envelope.payloadType, envelope.payload), signature.value)
}
