/** Signed notes, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint, tlog-cosignature). */

import { concat, ed25519, fromBase64, hex, same, sha256, Unproven, utf8, type Bytes } from './bytes'
import { emptyRoot } from './tree'

export const ED25519 = 1
export const COSIGNATURE = 4

export interface VerifierKey {
  readonly name: string
  readonly algorithm: number
  readonly publicKey: Bytes
  readonly keyId: Bytes
}

export interface Line {
  readonly name: string
  readonly keyId: Bytes
  readonly signature: Bytes
}

export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: Bytes
  readonly text: string
  readonly lines: readonly Line[]
}

/** The key in a vkey: name+keyid+base64(type || public key). A wrong key id is refused. */
export async function readVkey(text: string): Promise<VerifierKey> {
  const [name, id, ...rest] = text.trim().split('+')
  const coded = rest.join('+')
  if (!name || !id || !coded) throw new Unproven('key', 'a vkey is name+keyid+key')
  const raw = fromBase64(coded)
  const algorithm = raw[0] ?? 0
  const publicKey = raw.slice(1)
  if (publicKey.length !== 32 || (algorithm !== ED25519 && algorithm !== COSIGNATURE)) {
    throw new Unproven('key', 'the vkey is of an unknown type')
  }
  const keyId = (await sha256(concat(utf8(`${name}\n`), raw))).slice(0, 4)
  if (hex(keyId) !== id) throw new Unproven('key', 'the key id does not belong to this name and key')
  return { name, algorithm, publicKey, keyId }
}

export async function readCheckpoint(data: Bytes): Promise<Checkpoint> {
  let whole: string
  try {
    whole = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data)
  } catch {
    throw new Unproven('checkpoint', 'not UTF-8')
  }
  const cut = whole.lastIndexOf('\n\n')
  if (cut < 0 || !whole.endsWith('\n')) throw new Unproven('checkpoint', 'not a signed note')
  const text = whole.slice(0, cut + 1)
  const lines = whole
    .slice(cut + 2, -1)
    .split('\n')
    .map(readLine)
  const [origin, sizeText, rootText] = text.split('\n')
  if (!origin || !sizeText || !rootText || !/^(0|[1-9][0-9]{0,15})$/.test(sizeText)) {
    throw new Unproven('checkpoint', 'a checkpoint has origin, size and root, one a line')
  }
  const size = Number(sizeText)
  const root = fromBase64(rootText)
  if (!Number.isSafeInteger(size) || root.length !== 32) {
    throw new Unproven('checkpoint', 'the size or the root is out of range')
  }
  if (size === 0 && !same(root, await emptyRoot())) {
    throw new Unproven('checkpoint', 'an empty log has the root of no leaves')
  }
  return { origin, size, root, text, lines }
}

function readLine(line: string): Line {
  const found = /^— (\S+) (\S+)$/.exec(line)
  if (!found) throw new Unproven('checkpoint', 'not a signature line')
  const raw = fromBase64(found[2] as string)
  if (raw.length < 5) throw new Unproven('checkpoint', 'a signature line is too short')
  return { name: found[1] as string, keyId: raw.slice(0, 4), signature: raw.slice(4) }
}

const isBy = (line: Line, key: VerifierKey): boolean =>
  line.name === key.name && same(line.keyId, key.keyId)

/** Throw unless the log's own key signed this checkpoint; each line by that key must hold. */
export async function verifyCheckpoint(checkpoint: Checkpoint, key: VerifierKey): Promise<void> {
  if (key.algorithm !== ED25519) throw new Unproven('signature', 'not the kind of key a log has')
  const own = checkpoint.lines.filter((line) => isBy(line, key))
  if (own.length === 0) throw new Unproven('signature', `no signature by ${key.name}`)
  for (const line of own) {
    if (!(await ed25519(key.publicKey, utf8(checkpoint.text), line.signature))) {
      throw new Unproven('signature', `the signature by ${key.name} does not hold`)
    }
  }
  if (checkpoint.origin !== key.name) {
    throw new Unproven('signature', `the checkpoint is of ${checkpoint.origin}, the key of ${key.name}`)
  }
}

export interface Cosignature {
  readonly name: string
  /** Seconds since 1970, by the witness's clock; null when this witness has not signed. */
  readonly at: number | null
  readonly holds: boolean
  /** The size of the head that it signed; 0 when it has signed none that is known. */
  readonly size: number
}

/** What a witness says about this checkpoint (cosignature/v1: time and note, signed). */
export async function cosignatureBy(checkpoint: Checkpoint, key: VerifierKey): Promise<Cosignature> {
  const line = checkpoint.lines.find((one) => isBy(one, key))
  if (!line) return { name: key.name, at: null, holds: false, size: 0 }
  if (key.algorithm !== COSIGNATURE || line.signature.length !== 72) {
    return { name: key.name, at: null, holds: false, size: 0 }
  }
  const at = Number(new DataView(line.signature.buffer, line.signature.byteOffset).getBigUint64(0))
  const message = utf8(`cosignature/v1\ntime ${at}\n${checkpoint.text}`)
  const holds = await ed25519(key.publicKey, message, line.signature.slice(8))
  return { name: key.name, at, holds, size: checkpoint.size }
}
