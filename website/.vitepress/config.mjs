// The site is the Markdown of this repository: nothing is written twice. `npm --prefix website run build` makes static files in
// website/dist. SITE_BASE is the path that they are served from, and REPOSITORY_URL the place of the source.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'
import { linksOutside } from './links.mjs'
import { sidebar, slug } from './navigation.mjs'

const repository = process.env.REPOSITORY_URL

export default defineConfig({
  title: 'tricube',
  description: 'TypeScript microservices from one contract',
  lang: 'en',
  base: process.env.SITE_BASE ?? '/',
  srcDir: fileURLToPath(new URL('../..', import.meta.url)),
  srcExclude: ['bench/**', 'dist/**', 'examples/**', 'packages/**', 'src/**', 'test/**', 'website/**', '.github/**'],
  outDir: fileURLToPath(new URL('../dist', import.meta.url)),
  cleanUrls: true,
  ignoreDeadLinks: 'localhostLinks',
  rewrites: { 'README.md': 'index.md', 'README.zh-CN.md': 'zh-CN.md', 'docs/README.md': 'docs/index.md' },
  // The pages lie outside of this folder, so they would not find its packages.
  vite: {
    resolve: {
      alias: [
        { find: /^vue$/, replacement: packaged('vue/dist/vue.runtime.esm-bundler.js') },
        { find: /^vue\/server-renderer$/, replacement: packaged('vue/server-renderer') },
      ],
    },
  },
  markdown: {
    anchor: { slugify: slug },
    config: (md) => linksOutside(md, repository),
  },
  themeConfig: {
    nav: [
      { text: 'Quick start', link: '/#quick-start' },
      { text: 'Documentation', link: '/docs/' },
      { text: 'Changes', link: '/CHANGELOG' },
      { text: '中文', link: '/zh-CN' },
    ],
    sidebar: sidebar(),
    outline: [2, 3],
    search: { provider: 'local' },
    ...(repository && { socialLinks: [{ icon: 'github', link: repository }] }),
  },
})

function packaged(name) {
  return fileURLToPath(import.meta.resolve(name))
}
