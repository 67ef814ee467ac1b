import { createI18n } from 'vue-i18n'
import type { Language } from '../look/format'
import { ar } from './ar'
import { en } from './en'

/** Arabic has six forms; messages list them in the order of CLDR. English has none, one, more. */
export function pluralForm(language: Language, count: number, choices: number): number {
  if (language === 'en') return Math.min(count === 0 ? 0 : count === 1 ? 1 : 2, choices - 1)
  const order = ['zero', 'one', 'two', 'few', 'many', 'other']
  return Math.min(order.indexOf(new Intl.PluralRules('ar').select(count)), choices - 1)
}

export function makeWords(language: Language) {
  return createI18n({
    legacy: false,
    locale: language,
    fallbackLocale: 'en',
    messages: { en, ar },
    pluralRules: {
      en: (count: number, choices: number) => pluralForm('en', count, choices),
      ar: (count: number, choices: number) => pluralForm('ar', count, choices),
    },
  })
}
