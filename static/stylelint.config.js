/** Logical properties only: the Arabic page is the French one mirrored, not a second style sheet. */
export default {
  extends: ['stylelint-config-standard'],
  plugins: ['stylelint-use-logical'],
  rules: {
    'csstools/use-logical': 'always',
    'declaration-property-value-disallowed-list': {
      'text-align': ['left', 'right'],
      float: ['left', 'right'],
      clear: ['left', 'right'],
    },
    'no-descending-specificity': null,
    'declaration-block-single-line-max-declarations': 4,
    'selector-class-pattern': [
      '^([a-z][a-z0-9]*)(-[a-z0-9]+)*$',
      { message: 'class names are words joined by hyphens' },
    ],
  },
};
