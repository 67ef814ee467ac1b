/** What the API answers, as the page uses it (docs/reference/api). Times are ISO 8601 with Z. */

import type { FeatureCollection, Geometry } from 'geojson'

/** One text in several languages, by language code. */
export type Texts = Readonly<Record<string, string>>
export type Time = string

export interface Refusal {
  readonly status: number
  readonly reason: string
  readonly detail: string
  readonly remedy: string
}

export interface Witness {
  readonly name: string
  readonly body: string
  readonly vkey: string
  readonly cosigned_size: number | null
  readonly cosigned_at: Time | null
}

export interface LogHead {
  readonly origin: string
  readonly mode: 'exercise' | 'live'
  readonly title?: Texts
  readonly time_zone?: string
  readonly size: number
  readonly root: string
  readonly genesis: string
  readonly witnesses: readonly Witness[]
  readonly quorum: number
  readonly quorum_met: boolean
}

export interface Me {
  readonly signed_in: boolean
  readonly body: string | null
  readonly officer: string | null
  readonly roles: readonly string[]
}

export interface Body {
  readonly code: string
  readonly name: Texts
  readonly capacity: string
}

export interface KeyInForce {
  readonly key: string
  readonly public: string
  readonly holder: string
  readonly from: number
  readonly until: number | null
}

/** A body that says no to something, and why. */
export interface Contest {
  readonly body: string
  readonly why: Texts
  readonly for_whom?: string
  readonly source?: string | null
  readonly index?: number
}

export interface Signatory {
  readonly body: string
  readonly capacity: string
  readonly signed_at: Time | null
  readonly stated_at?: Time | null
  readonly index: number | null
  readonly contested_by: readonly Contest[]
}

export interface Reading {
  readonly body: string
  readonly clause: string
  readonly reading: Texts
  readonly instant: Time | null
  readonly source: string | null
  readonly index?: number
}

export type DeadlineState = 'pending' | 'met' | 'late' | 'missed' | 'moved' | 'waived'

export interface Deadline {
  readonly code: string
  readonly what: Texts
  readonly clause?: string
  readonly owner: string
  readonly rule: string
  readonly due_at: Time | null
  readonly state: DeadlineState
  readonly days: number | null
  readonly acts?: readonly { readonly act: string; readonly at: Time; readonly to: Time | null; readonly index: number }[]
}

export interface Obligation {
  readonly code: string
  readonly clause?: string
  readonly kind: string
  readonly actors: readonly string[]
  readonly what: Texts
}

export interface TextFile {
  readonly sha256: string
  readonly equal_force: boolean
}

export interface Agreement {
  readonly code: string
  readonly title: Texts
  readonly type: string
  readonly parent?: string | null
  readonly state: string
  readonly signatories: readonly Signatory[]
  readonly texts: Readonly<Record<string, TextFile>>
  readonly effective: { readonly rule: string; readonly from: Time | null; readonly until: Time | null }
  readonly readings: readonly Reading[]
  readonly deadlines: readonly Deadline[]
  readonly obligations: readonly Obligation[]
  readonly adherents: readonly { readonly body: string; readonly from?: Time; readonly index?: number }[]
  readonly suspensions: readonly {
    readonly body: string
    readonly at: Time
    readonly why: Texts
    readonly open: boolean
    readonly restored_at: Time | null
    readonly index: number
  }[]
  readonly missing?: readonly string[]
  readonly source?: string | null
}

export interface ZoneSummary {
  readonly code: string
  readonly name: Texts
  readonly instrument: string
  readonly state: string
  readonly unresolved: boolean
  readonly missing: readonly string[]
  readonly suspended_by: readonly { readonly body: string; readonly since: Time; readonly whole_instrument: boolean }[]
}

export interface Position {
  readonly body: string
  readonly content: string | null
  readonly accepts: string | null
  readonly basis?: string
  readonly comment?: Texts | null
  readonly source?: string | null
  readonly at?: Time
  readonly index: number
}

export interface ZoneDetail extends ZoneSummary {
  readonly in_force: {
    readonly content: string
    readonly from: Time
    readonly until: Time | null
    readonly index: number
  } | null
  readonly proposals: readonly { readonly content: string; readonly by: string; readonly at: Time; readonly index: number }[]
  readonly positions: readonly Position[]
  readonly consents: readonly { readonly body: string; readonly content: string; readonly at: Time; readonly index: number }[]
  readonly contested: readonly Contest[]
  readonly rule: { readonly texts: Texts; readonly from_m?: number | null; readonly to_m?: number | null } | null
  readonly limits: { readonly lower?: string; readonly upper?: string; readonly precision_m?: number | null } | null
}

export interface Village {
  readonly name_en: string
  readonly name_ar: string | null
  readonly pcode: string
  readonly lat: number
  readonly lon: number
  readonly population: number | null
}

export type ZoneRole = 'in_force' | 'position' | 'proposal' | 'agreed' | 'disputed'

export interface ZoneShape {
  readonly zone: string
  readonly role: ZoneRole
  readonly body: string | null
  readonly content: string | null
  readonly state: string
  readonly approximate?: boolean
  readonly unresolved?: boolean
  readonly name: Texts
  /** Whose lines an agreed or disputed piece lies between: two groups of bodies. */
  readonly between?: readonly [readonly string[], readonly string[]]
  readonly included_by?: readonly string[]
  readonly number?: number
  readonly area_km2?: number
  readonly greatest_m?: number
  readonly population?: number | null
  readonly population_counted?: number | null
  readonly places?: readonly Village[]
}

export type ZoneShapes = FeatureCollection<Geometry, ZoneShape>

export interface Count {
  readonly body: string
  readonly count: number
  readonly as_of: Time
}

export interface Post {
  readonly post: string
  readonly zone: string
  readonly kind: string
  readonly operator: string
  readonly agreed: number
  readonly reported: readonly Count[]
  readonly observed: readonly Count[]
  readonly consents: readonly string[]
  readonly contested: readonly Contest[]
  readonly place: { readonly name: Texts; readonly lat: number; readonly lon: number; readonly precision_m: number } | null
  readonly state: string
  readonly unpoliced: boolean
}

export interface Unpoliced {
  readonly zone: string
  readonly state: string
  readonly why: string
  readonly posts: readonly string[]
}

export interface DayCount {
  readonly day: string
  /** null: fewer than three, which is not published. */
  readonly count: number | null
}

export interface ClockState {
  readonly clock: string
  readonly what: Texts
  readonly owner: string
  readonly due_at: Time | null
  readonly state: string
  readonly fired: readonly { readonly step: number; readonly at: Time; readonly index: number }[]
}

export type Verdict = 'suspected' | 'probable' | 'confirmed'
export type Nature = 'real' | 'synthetic'

/** Where a crossing began or ended, reckoned between two fixes. */
export interface Edge {
  readonly lat: number
  readonly lon: number
  readonly alt_ft?: number | null
}

/** A fix as it was received; a height that was not reported is null. */
export interface Fix {
  readonly lat: number
  readonly lon: number
  readonly baro_ft: number | null
  readonly geo_ft: number | null
  readonly seen_at: Time
}

export interface Crossing {
  readonly id: string
  readonly index: number
  readonly zone: string
  readonly entered_at: Time
  readonly left_at: Time | null
  readonly verdict: Verdict
  readonly probability: number
  readonly cause_in: string
  readonly cause_out: string | null
  readonly nature: Nature
  readonly altitude_known: boolean
  readonly leaf?: string
  /** The sealed batch that holds every fix of the time, those of this crossing among them. */
  readonly segment?: string
  readonly aircraft?: { readonly icao24: string; readonly callsign: string | null } | null
  readonly entry?: Edge | null
  readonly exit?: Edge | null
  readonly depth_m?: number | null
  readonly fixes?: readonly Fix[]
  /** Why it was there, as far as it is known: apart from that it was. */
  readonly purpose?: 'exempt' | 'claimed' | 'unknown'
  readonly flight?: FlightMatch | null
}

/** An announced flight that a crossing was held against. */
export interface FlightMatch {
  readonly flight: string
  readonly applicant: string
  readonly announced: 'before' | 'after'
  readonly fits: readonly string[]
  readonly misfits: readonly { readonly what: string; readonly said: string }[]
}

/** An entry that is expected; `id` null: an advisory, which is not on the record. */
export interface Prediction {
  readonly id: string | null
  readonly index?: number | null
  readonly zone: string
  readonly level: 'advisory' | 'alert' | 'imminent'
  readonly entry_at: Time
  readonly probability: number | null
  readonly nature: Nature
  readonly aircraft?: { readonly icao24: string; readonly callsign: string | null } | null
  readonly entry?: { readonly lat: number; readonly lon: number; readonly alt_ft: number | null } | null
  readonly path?: readonly (readonly [number, number])[] | null
  readonly grounds?: { readonly way: string } | null
}

/** What is expected now; for the watch floor. */
export interface Ahead {
  readonly at: Time
  readonly predictions: readonly Prediction[]
}

export interface Aircraft {
  readonly hex: string
  readonly flight: string | null
  readonly lat: number
  readonly lon: number
  readonly alt_baro: number | null
  readonly track: number | null
  readonly gs: number | null
  readonly nature: Nature
}

export interface Picture {
  readonly at: Time
  readonly aircraft: readonly Aircraft[]
}

/** What people's sightings say may be reached now; for the watch floor. */
export interface Danger {
  readonly at: Time
  readonly warnings: readonly {
    readonly place: string
    readonly name: string
    readonly lat: number
    readonly lon: number
    readonly radius_m: number
    readonly probability: number
    readonly median_at: Time
  }[]
  readonly fans: readonly {
    readonly probability: number
    readonly spots: readonly { readonly minutes: number; readonly lat: number; readonly lon: number; readonly radius_m: number }[]
  }[]
}

export interface Story {
  readonly code: string
  readonly title: Texts
  readonly text: Texts
  readonly at: Time
  readonly zone?: string | null
  readonly view?: { readonly lat: number; readonly lon: number; readonly zoom: number } | null
}

export interface Role {
  readonly code: string
  readonly title: Texts
  readonly token: string | null
}

export interface Demo {
  readonly scenario_at: Time
  readonly speed: number
  readonly playing: boolean
  readonly from?: Time
  readonly until?: Time
  readonly story: readonly Story[]
  readonly roles: readonly Role[]
  readonly marked: string
}

export interface RecordLine {
  readonly index: number
  readonly kind: string
  readonly id?: string
  readonly author?: string
  readonly received_at?: Time
  readonly subject?: string | null
}
