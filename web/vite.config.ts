import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// The page is served from the same origin as the API; `npm run dev` passes those
// paths on to a running `truceline demo`.
const server = process.env['TRUCELINE_URL'] ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [vue()],
  base: './',
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_DROP_MESSAGE_COMPILER__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    target: 'es2023',
    outDir: 'dist',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/log', '/basemap', '/healthz'].map((path) => [path, { target: server }]),
    ),
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
})
