Redoc.init(
  '/api/openapi.json',
  {
    hideDownloadButtons: false,
    nativeScrollbars: true,
    sortRequiredPropsFirst: true,
    pathInMiddlePanel: false,
    theme: {
      colors: { primary: { main: '#0b5c8a' } },
      typography: {
        fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
        headings: { fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif' },
        code: { fontFamily: 'ui-monospace, "SF Mono", Menlo, Consolas, monospace' },
      },
    },
  },
  document.getElementById('reference'),
);
