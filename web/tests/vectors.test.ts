/** The bytes of tests/vectors, which every implementation of the protocol must agree on. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ed25519, fromBase64, fromHex, hex, sha256, Unproven, utf8 } from '../src/proof/bytes'
import { keyId, pae, readEntry, recordOf, signedBy } from '../src/proof/envelope'
import { cosignatureBy, readCheckpoint, readVkey, verifyCheckpoint } from '../src/proof/note'
import { leafHash, rootOf, verifyConsistency, verifyInclusion } from '../src/proof/tree'

function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../tests/vectors/${name}.json`, import.meta.url), 'utf8')) as T
}

const leaf = vectors<{ leaf_hashes: string[]; roots: Record<string, string> }>('leaf')
const envelope = vectors<{
  public: string
  keyid: string
  pae_hex: string
  pae_sha256: string
  signature: string
  received_at: number
  entry: string
  leaf_hash: string
  bad_signatures: string[]
}>('envelope')
const checkpoint = vectors<{
  origin: string
  size: number
  root: string
  text: string
  vkey: string
  witnesses: string[]
  note: string
  cosigned_at_s: number
  cosigned_by: string[]
  not_signed: string[]
}>('checkpoint')

describe('leaves and roots', () => {
  test('are the same here', async () => {
    for (const [at, expected] of leaf.leaf_hashes.entries()) {
      expect(hex(await leafHash(utf8(`entry ${at}`)))).toBe(expected)
    }
    for (const [size, root] of Object.entries(leaf.roots)) {
      const leaves = await Promise.all(Array.from({ length: Number(size) }, (_, at) => leafHash(utf8(`entry ${at}`))))
      expect(hex(await rootOf(leaves))).toBe(root)
    }
  })
})

describe('a proof', () => {
  test.each(vectors<{ size: number; index: number; leaf: string; path: string[]; root: string; holds: boolean }[]>('inclusion'))(
    'of inclusion of $index in $size is $holds here too',
    async ({ size, index, leaf: hash, path, root, holds }) => {
      const proof = verifyInclusion(fromHex(hash), index, size, path.map(fromHex), fromHex(root))
      if (holds) await expect(proof).resolves.toBeUndefined()
      else await expect(proof).rejects.toThrow(Unproven)
    },
  )

  test.each(vectors<{ old_size: number; old_root: string; size: number; root: string; path: string[]; holds: boolean }[]>('consistency'))(
    'of consistency from $old_size to $size is $holds here too',
    async ({ old_size, old_root, size, root, path, holds }) => {
      const proof = verifyConsistency(old_size, fromHex(old_root), size, fromHex(root), path.map(fromHex))
      if (holds) await expect(proof).resolves.toBeUndefined()
      else await expect(proof).rejects.toThrow(Unproven)
    },
  )
})

describe('an envelope', () => {
  const entry = readEntry(utf8(envelope.entry))

  test('has the same leaf, encoding and key id here', async () => {
    expect(hex(await leafHash(utf8(envelope.entry)))).toBe(envelope.leaf_hash)
    expect(hex(pae(entry.payloadType, entry.payload))).toBe(envelope.pae_hex)
    expect(hex(await sha256(pae(entry.payloadType, entry.payload)))).toBe(envelope.pae_sha256)
    expect(await keyId(fromBase64(envelope.public))).toBe(envelope.keyid)
    expect(entry.receivedAt).toBe(envelope.received_at)
    expect(recordOf(entry).author).toBe('south-1')
  })

  test('carries a signature that holds, and bad ones do not', async () => {
    const signature = { keyid: envelope.keyid, value: fromBase64(envelope.signature) }
    expect(await signedBy(entry, signature, fromBase64(envelope.public))).toBe(true)
    for (const bad of envelope.bad_signatures) {
      expect(await signedBy(entry, { ...signature, value: fromBase64(bad) }, fromBase64(envelope.public))).toBe(false)
    }
    expect(await ed25519(new Uint8Array(31), new Uint8Array(), new Uint8Array(64))).toBe(false)
  })

  test('is refused when it is not one', () => {
    for (const bad of ['', '{}', '[]', '{"envelope":{}}', '{"envelope":{"payload":"*","payloadType":"x","signatures":[]}}']) {
      expect(() => readEntry(utf8(bad))).toThrow(Unproven)
    }
  })
})

describe('a checkpoint', () => {
  test('is read and its signature holds', async () => {
    const found = await readCheckpoint(utf8(checkpoint.note))
    expect([found.origin, found.size, hex(found.root), found.text]).toEqual([
      checkpoint.origin,
      checkpoint.size,
      checkpoint.root,
      checkpoint.text,
    ])
    await verifyCheckpoint(found, await readVkey(checkpoint.vkey))
  })

  test('says which witnesses cosigned it, and when', async () => {
    const found = await readCheckpoint(utf8(checkpoint.note))
    for (const vkey of checkpoint.witnesses) {
      const key = await readVkey(vkey)
      const said = await cosignatureBy(found, key)
      expect(said.holds).toBe(checkpoint.cosigned_by.includes(key.name))
      expect(said.at).toBe(said.holds ? checkpoint.cosigned_at_s : null)
    }
  })

  test('that the log did not sign is refused', async () => {
    const key = await readVkey(checkpoint.vkey)
    for (const note of checkpoint.not_signed) {
      await expect(readCheckpoint(utf8(note)).then((found) => verifyCheckpoint(found, key))).rejects.toThrow(Unproven)
    }
  })

  test('cut, padded or misspelt is refused', async () => {
    const bad = ['', 'a\n\n', 'a\n1\n\n— x AAAAAAA=\n', checkpoint.note.trimEnd(), checkpoint.note.replace('\n300\n', '\n0300\n')]
    for (const note of bad) await expect(readCheckpoint(utf8(note))).rejects.toThrow(Unproven)
  })

  test('has a key whose id belongs to it, or is refused', async () => {
    const [name, id, coded] = checkpoint.vkey.split('+') as [string, string, string]
    await expect(readVkey(`${name}x+${id}+${coded}`)).rejects.toThrow(Unproven)
    await expect(readVkey(`${name}+00000000+${coded}`)).rejects.toThrow(Unproven)
    await expect(readVkey(name)).rejects.toThrow(Unproven)
  })
})
