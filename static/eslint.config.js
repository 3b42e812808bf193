import js from '@eslint/js';
import globals from 'globals';

export default [
  { ignores: ['vendor/', 'node_modules/'] },
  js.configs.recommended,
  {
    files: ['js/**/*.js', 'site/**/*.js'],
    languageOptions: { ecmaVersion: 2022, sourceType: 'module', globals: globals.browser },
    rules: {
      eqeqeq: 'error',
      'no-implicit-globals': 'error',
      'prefer-const': 'error',
      'no-restricted-properties': [
        'error',
        { property: 'innerHTML', message: 'Texts come from documents we did not write: use textContent.' },
        { property: 'outerHTML', message: 'Texts come from documents we did not write: use textContent.' },
        { property: 'insertAdjacentHTML', message: 'Texts come from documents we did not write: use textContent.' },
      ],
    },
  },
  {
    // Leaflet is reached through map.js alone, so that another version is one file's work.
    files: ['js/**/*.js', 'site/**/*.js'],
    ignores: ['js/map.js'],
    rules: {
      'no-restricted-imports': ['error', { patterns: ['**/vendor/**'] }],
      'no-restricted-globals': ['error', { name: 'L', message: 'Leaflet is reached through map.js.' }],
    },
  },
  { files: ['*.mjs', '*.config.js'], languageOptions: { sourceType: 'module', globals: globals.node } },
];
