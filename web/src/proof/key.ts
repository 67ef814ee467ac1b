import type { InjectionKey } from 'vue'
import type { Desk } from './desk'

export const DESK: InjectionKey<Desk> = Symbol('desk')
