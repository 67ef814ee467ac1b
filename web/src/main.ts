import { createApp } from 'vue'
import App from './App.vue'
import { language } from './look/view'
import { makeWords } from './words'
import './style.css'
import './shell.css'

createApp(App).use(makeWords(language.value)).mount('#app')
