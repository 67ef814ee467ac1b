/** A small log made here, and what the page says of it: whole, tampered with, forked, shortened. */
import { describe, expect, test } from 'vitest'
import { Keyring } from '../src/proof/keyring'
import { base64, concat, hex, sha256, utf8, type Bytes } from '../src/proof/bytes'
import { proveAll, proveHead, proveLeaf, remembered, type Step } from '../src/proof/check'
import { keyId, pae } from '../src/proof/envelope'
import type { Remembered } from '../src/proof/memory'
import { tilePath } from '../src/proof/tiles'
import { leafHash, rootOf } from '../src/proof/tree'

const ORIGIN = 'log.example/exercise'
const TYPE = 'application/vnd.truceline.record.v1+json'

interface Pair {
  sign(message: Bytes): Promise<Bytes>
  publicKey: Bytes
}

async function pair(): Promise<Pair> {
  const made = (await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify'])) as CryptoKeyPair
  return {
    publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', made.publicKey)),
    sign: async (message) => new Uint8Array(await crypto.subtle.sign({ name: 'Ed25519' }, made.privateKey, message)),
  }
}

async function vkeyOf(name: string, key: Pair, algorithm: number): Promise<string> {
  const raw = concat(Uint8Array.of(algorithm), key.publicKey)
  const id = (await sha256(concat(utf8(`${name}\n`), raw))).slice(0, 4)
  return `${name}+${hex(id)}+${base64(raw)}`
}

async function entryOf(record: object, key: Pair, at: number): Promise<Bytes> {
  const payload = utf8(JSON.stringify(record))
  const sig = base64(await key.sign(pae(TYPE, payload)))
  const envelope = { payload: base64(payload), payloadType: TYPE, signatures: [{ keyid: await keyId(key.publicKey), sig }] }
  return utf8(JSON.stringify({ envelope, received_at: at }))
}

/** Lays out a log of `size` entries, the first of which founds it, cosigned by one witness. */
async function world(size: number, change: (at: number) => string = () => 'x', keys?: readonly [Pair, Pair]) {
  const [mechanism, witness] = keys ?? [await pair(), await pair()]
  const record = (at: number, kind: string, body: object): object => ({
    v: 1, log: ORIGIN, kind, id: `R${at}`, author: 'mechanism', seq: at + 1, made_at: at, refs: [], body, sealed: [],
  })
  const genesis = {
    bodies: [],
    mechanism: base64(mechanism.publicKey),
    quorum: 1,
    witnesses: [{ body: 'N', name: 'w.example/1', vkey: await vkeyOf('w.example/1', witness, 4) }],
  }
  const entries: Bytes[] = []
  for (let at = 0; at < size; at += 1) {
    const told = at === 0 ? record(0, 'genesis/1', genesis) : record(at, 'clock.fired/1', { clock: change(at) })
    entries.push(await entryOf(told, mechanism, 1000 + at))
  }
  const files = new Map<string, Bytes>()
  const leaves = await Promise.all(entries.map(leafHash))
  for (let row = leaves, level = 0; row.length > 0; level += 1) {
    const above: Bytes[] = []
    for (let number = 0; number * 256 < row.length; number += 1) {
      const part = row.slice(number * 256, (number + 1) * 256)
      files.set(tilePath(level, number, part.length), concat(...part))
      if (part.length === 256) above.push(await rootOf(part))
    }
    row = above
  }
  for (let number = 0; number * 256 < size; number += 1) {
    const part = entries.slice(number * 256, (number + 1) * 256)
    const packed = part.flatMap((one) => [Uint8Array.of(one.length >> 8, one.length & 255), one])
    files.set(tilePath('entries', number, part.length), concat(...packed))
  }
  const vkey = await vkeyOf(ORIGIN, mechanism, 1)
  const text = `${ORIGIN}\n${size}\n${base64(await rootOf(leaves))}\n`
  const line = async (name: string, key: string, body: Bytes): Promise<string> => {
    const id = Uint8Array.from((key.split('+')[1] as string).match(/../g) as string[], (two) => Number.parseInt(two, 16))
    return `— ${name} ${base64(concat(id, body))}\n`
  }
  const time = new Uint8Array(8)
  new DataView(time.buffer).setBigUint64(0, 1750000000n)
  const cosigned = concat(time, await witness.sign(utf8(`cosignature/v1\ntime 1750000000\n${text}`)))
  const own = await line(ORIGIN, vkey, await mechanism.sign(utf8(text)))
  const theirs = await line('w.example/1', genesis.witnesses[0]?.vkey ?? '', cosigned)
  files.set('checkpoint', utf8(`${text}\n${own}${theirs}`))
  files.set('vkey', utf8(`${vkey}\n`))
  return { files, keys: [mechanism, witness] as const, read: async (path: string) => files.get(path) ?? null }
}

const outcomes = (steps: readonly Step[]): Record<string, string> => Object.fromEntries(steps.map((one) => [one.name, one.outcome]))
const nothing = (): null => null

describe('the head of a log', () => {
  test('is proved, and the first visit says that it has nothing to compare with', async () => {
    const { read } = await world(300)
    const { steps, head } = await proveHead(read, nothing)
    expect(outcomes(steps)).toEqual({ signature: 'proved', root: 'proved', consistency: 'open', genesis: 'proved', witnesses: 'proved' })
    expect(head?.checkpoint.size).toBe(300)
  })

  test('that grew is shown to continue what this browser saw', async () => {
    const before = await world(200)
    const first = (await proveHead(before.read, nothing)).head
    const seen = remembered(first as NonNullable<typeof first>, 'then')
    const after = await world(300, () => 'x', before.keys)
    expect(outcomes((await proveHead(after.read, () => seen)).steps)['consistency']).toBe('proved')
  })

  test.each([
    ['rewritten', 300, (at: number) => (at === 50 ? 'other' : 'x')],
    ['shortened', 100, () => 'x'],
  ])('that was %s is broken', async (_, size, change) => {
    const before = await world(200)
    const first = (await proveHead(before.read, nothing)).head
    const seen = remembered(first as NonNullable<typeof first>, 'then')
    const after = await world(size, change, before.keys)
    const { steps, head } = await proveHead(after.read, () => seen)
    expect(outcomes(steps)['consistency']).toBe('broken')
    expect(head).toBeNull()
  })

  test('under another key than before is broken', async () => {
    const { read } = await world(3)
    const old = { origin: ORIGIN, vkey: 'other', genesis: '', size: 1, root: '', note: '', at: '' } satisfies Remembered
    expect(outcomes((await proveHead(read, () => old)).steps)).toEqual({ key: 'broken' })
  })

  test('over a tile that was tampered with is broken', async () => {
    const { read, files } = await world(300)
    const tile = files.get('tile/0/001.p/44') as Bytes
    tile[40] = (tile[40] as number) ^ 1
    expect(outcomes((await proveHead(read, nothing)).steps)['root']).toBe('broken')
  })

  test('with a cosignature that does not hold is broken', async () => {
    const { read, files } = await world(4)
    const lines = new TextDecoder().decode(files.get('checkpoint')).split('\n')
    const last = lines.findLastIndex((one) => one.startsWith('— w.example'))
    const [dash, name, coded] = (lines[last] as string).split(' ') as [string, string, string]
    const raw = Uint8Array.from(atob(coded), (one) => one.charCodeAt(0))
    raw[30] = (raw[30] as number) ^ 1
    lines[last] = `${dash} ${name} ${base64(raw)}`
    files.set('checkpoint', utf8(lines.join('\n')))
    expect(outcomes((await proveHead(read, nothing)).steps)['witnesses']).toBe('broken')
  })
})

describe('one record', () => {
  test('is proved from its bytes to the signed root, and by its author', async () => {
    const { read } = await world(300)
    const { head } = await proveHead(read, nothing)
    for (const index of [0, 1, 255, 256, 299]) {
      const proof = await proveLeaf(read, head as NonNullable<typeof head>, index)
      expect(outcomes(proof.steps)).toEqual({ entry: 'proved', inclusion: 'proved', author: 'proved' })
      expect(proof.record?.seq).toBe(index + 1)
    }
  })

  test('whose bytes were changed is broken', async () => {
    const { read, files } = await world(300)
    const { head } = await proveHead(read, nothing)
    const bundle = files.get('tile/entries/001.p/44') as Bytes
    bundle[60] = (bundle[60] as number) ^ 1
    const proof = await proveLeaf(read, head as NonNullable<typeof head>, 256)
    expect(outcomes(proof.steps)['inclusion']).toBe('broken')
  })
})

describe('every record', () => {
  test('is read, counted and checked', async () => {
    const { read } = await world(515)
    const { head } = await proveHead(read, nothing)
    const seen: number[] = []
    const steps = await proveAll(read, head as NonNullable<typeof head>, (done) => seen.push(done), new AbortController().signal)
    expect(outcomes(steps)).toEqual({ whole: 'proved', order: 'proved' })
    expect(steps[0]?.said).toMatchObject({ entries: 515, signatures: 515, unknown: 0, gaps: 0 })
    expect(seen).toEqual([256, 512, 515])
  })

  test('of which one was exchanged is broken', async () => {
    const { read, files, keys } = await world(300)
    const { head } = await proveHead(read, nothing)
    const other = await world(300, (at) => (at === 7 ? 'other' : 'x'), keys)
    files.set('tile/entries/000', other.files.get('tile/entries/000') as Bytes)
    const steps = await proveAll(read, head as NonNullable<typeof head>, () => undefined, new AbortController().signal)
    expect(outcomes(steps)['whole']).toBe('broken')
  })

  test('and every record under a full tile that was tampered with are broken', async () => {
    const { read, files } = await world(600)
    const tile = files.get('tile/0/000') as Bytes
    tile[40] = (tile[40] as number) ^ 1
    // The root rests on the levels above; the founding record lies under the tile.
    const { head, steps } = await proveHead(read, nothing)
    expect(outcomes(steps)).toMatchObject({ signature: 'proved', genesis: 'broken' })
    expect(head).toBeNull()
  })

  test('can be stopped', async () => {
    const { read } = await world(2)
    const { head } = await proveHead(read, nothing)
    await expect(proveAll(read, head as NonNullable<typeof head>, () => undefined, AbortSignal.abort())).rejects.toThrow()
  })
})

describe('a key', () => {
  const record = (kind: string, body: Record<string, unknown>) =>
    ({ v: 1, log: ORIGIN, kind, id: 'R', author: 'N', seq: 1, made_at: 0, refs: [], body, sealed: [] }) as const

  test('is in force from its record to its end, and a recovery key replaces and does nothing else', async () => {
    const [first, printed, second, next] = [await pair(), await pair(), await pair(), await pair()]
    const id = (one: Pair): Promise<string> => keyId(one.publicKey)
    const keys = (one: Pair, recovery: Pair): object => ({ public: base64(one.publicKey), recovery: base64(recovery.publicKey) })
    const ring = new Keyring()
    await ring.take(record('officer.appointed/1', { officer: 'N-1', key: keys(first, printed) }), 3)
    await ring.take(record('key.replaced/1', { old: await id(first), key: keys(second, next) }), 9)
    expect(ring.holder(await id(second))?.name).toBe('N-1')
    expect(ring.inForce(await id(first), 2, 'zone.consented/1')).toBe(false)
    expect(ring.inForce(await id(first), 9, 'zone.consented/1')).toBe(true)
    expect(ring.inForce(await id(first), 10, 'zone.consented/1')).toBe(false)
    expect(ring.inForce(await id(printed), 5, 'zone.consented/1')).toBe(false)
    expect(ring.inForce(await id(printed), 9, 'key.replaced/1')).toBe(true)
    await ring.take(record('officer.ended/1', { officer: 'N-1' }), 12)
    expect(ring.inForce(await id(second), 13, 'zone.consented/1')).toBe(false)
  })
})
