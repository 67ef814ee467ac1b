/** Bytes and their spellings. Decoders refuse every spelling but the canonical one. */

export type Bytes = Uint8Array<ArrayBuffer>

export class Unproven extends Error {
  /** What was being proved when it failed; a word of `words/` under `proof.where`. */
  readonly where: string

  constructor(where: string, detail: string) {
    super(detail)
    this.name = 'Unproven'
    this.where = where
  }
}

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text)
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function fromHex(text: string): Bytes {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new Unproven('bytes', 'not lower-case hexadecimal')
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

export function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}

export function fromBase64(text: string): Bytes {
  let raw: string
  try {
    raw = atob(text)
  } catch {
    throw new Unproven('bytes', 'not base 64')
  }
  const bytes = Uint8Array.from(raw, (letter) => letter.charCodeAt(0))
  if (base64(bytes) !== text) throw new Unproven('bytes', 'base 64 has stray bits at its end')
  return bytes
}

/** SHA-256 by the browser's own cryptography; there is none on a page served without TLS. */
export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}

const imported = new Map<string, Promise<CryptoKey>>()
const MOST_KEYS = 512

function importKey(publicKey: Bytes): Promise<CryptoKey> {
  const name = hex(publicKey)
  const known = imported.get(name)
  if (known) return known
  if (imported.size >= MOST_KEYS) imported.clear()
  const key = crypto.subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify'])
  imported.set(name, key)
  return key
}

/** Whether `signature` over `message` is by the Ed25519 key `publicKey`. */
export async function ed25519(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  try {
    return await crypto.subtle.verify({ name: 'Ed25519' }, await importKey(publicKey), signature, message)
  } catch (failure) {
    // A browser without Ed25519 has proved nothing; that is not the same as a bad signature.
    if (failure instanceof DOMException && failure.name === 'NotSupportedError') throw failure
    return false
  }
}
