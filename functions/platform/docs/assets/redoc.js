// Redoc has one theme for a page, fixed when it begins.
const darkness = matchMedia('(prefers-color-scheme: dark)');
darkness.addEventListener('change', () => location.reload());
const dark = {
  colors: {
    primary: { main: '#7cc4f0' },
    text: { primary: '#e5e7eb', secondary: '#b6bfcc' },
    border: { dark: '#4b5563', light: '#374151' },
    gray: { 50: '#1f2937', 100: '#374151' },
    success: { main: '#6ee7a0' },
    error: { main: '#fca5a5' },
    responses: {
      success: { color: '#6ee7a0', backgroundColor: '#14301f' },
      error: { color: '#fca5a5', backgroundColor: '#3a1a1a' },
      redirect: { color: '#fcd34d', backgroundColor: '#33290d' },
      info: { color: '#93c5fd', backgroundColor: '#15253d' },
    },
  },
  schema: {
    nestedBackground: '#17202c',
    typeNameColor: '#b6bfcc',
    typeTitleColor: '#b6bfcc',
    requireLabelColor: '#fca5a5',
    linesColor: '#4b7a9a',
  },
  sidebar: { backgroundColor: '#17202c', textColor: '#e5e7eb' },
  rightPanel: { backgroundColor: '#0b1018' },
  codeBlock: { backgroundColor: '#05080d' },
};

Redoc.init(
  '/api/openapi.json',
  {
    hideDownloadButtons: false,
    nativeScrollbars: true,
    sortRequiredPropsFirst: true,
    pathInMiddlePanel: false,
    theme: {
      ...(darkness.matches ? dark : { colors: { primary: { main: '#0b5c8a' } } }),
      typography: {
        fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
        headings: { fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif' },
        code: {
          fontFamily: 'ui-monospace, "SF Mono", Menlo, Consolas, monospace',
          ...(darkness.matches && { color: '#fda4af', backgroundColor: '#1f2937' }),
        },
      },
    },
  },
  document.getElementById('reference'),
);
