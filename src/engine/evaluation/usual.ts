/** What is judged by unless somebody chooses: what is quick, and where there are masks also where relevance lies. */
export const USUAL_METRICS = {
  images: ['average-drop', 'deletion', 'insertion', 'gini'],
  withMasks: ['pointing-game', 'attribution-localisation', 'relevance-rank'],
  texts: ['token-deletion', 'morf', 'lerf', 'gini'],
  rows: ['morf', 'lerf', 'faithfulness-correlation', 'gini'],
} as const;
