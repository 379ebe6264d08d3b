/** What is judged by unless somebody chooses: what is quick, and where there are masks also where relevance lies. */
export const USUAL_METRICS = {
  always: ['average-drop', 'deletion', 'insertion', 'gini'],
  withMasks: ['pointing-game', 'attribution-localisation', 'relevance-rank'],
} as const;
