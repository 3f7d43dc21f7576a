import {themes as prismThemes} from 'prism-react-renderer';
import remarkMath from 'remark-math';
import rehypeKatex from 'rehype-katex';
import type {Config} from '@docusaurus/types';
import type * as Preset from '@docusaurus/preset-classic';

const config: Config = {
  title: 'Hearthgate',
  tagline: 'One box for the energy of your home',
  favicon: 'img/lamp.svg',
  url: 'https://docs.hearthgate.example',
  baseUrl: '/',
  onBrokenLinks: 'throw',
  markdown: {mermaid: true},
  themes: ['@docusaurus/theme-mermaid', '@docusaurus/theme-live-codeblock'],
  i18n: {
    defaultLocale: 'en',
    locales: ['en', 'de'],
  },
  presets: [
    [
      'classic',
      {
        docs: {
          sidebarPath: './sidebars.ts',
          // The folder docs/ is the version that readers see at /docs.
          lastVersion: 'current',
          versions: {
            current: {label: '2.x'},
          },
          admonitions: {
            keywords: ['wiring'],
            extendDefaults: true,
          },
          remarkPlugins: [remarkMath],
          rehypePlugins: [rehypeKatex],
        },
        blog: {
          showReadingTime: true,
          onInlineAuthors: 'ignore',
        },
        theme: {customCss: './src/css/custom.css'},
      } satisfies Preset.Options,
    ],
  ],
  themeConfig: {
    navbar: {
      title: 'Hearthgate',
      items: [
        {type: 'docSidebar', sidebarId: 'manual', position: 'left', label: 'Manual'},
        {to: '/blog', label: 'Blog', position: 'left'},
        {type: 'docsVersionDropdown', position: 'right'},
        {type: 'localeDropdown', position: 'right'},
      ],
    },
    prism: {theme: prismThemes.github, additionalLanguages: ['bash', 'json', 'diff']},
  } satisfies Preset.ThemeConfig,
};

export default config;
