/** Colours by their purpose, sRGB: what a front end makes its variables of. */
export const colorNames = [
  'background',
  'surface',
  'border',
  'text',
  'mutedText',
  'primary',
  'onPrimary',
  'success',
  'warning',
  'danger',
] as const;
export type Colors = Record<(typeof colorNames)[number], string>;

export interface Theme {
  id: string;
  name: string;
  isDark: boolean;
  colors: Colors;
}

/** A person may choose 'system' besides: the first light or the first dark one, as their device has it. */
export const themes = [
  {
    id: 'light',
    name: 'Light',
    isDark: false,
    colors: {
      background: '#ffffff',
      surface: '#f5f6f8',
      border: '#d3d8df',
      text: '#16191d',
      mutedText: '#59626e',
      primary: '#1f5fd0',
      onPrimary: '#ffffff',
      success: '#1a7a3d',
      warning: '#8f5b00',
      danger: '#c0262d',
    },
  },
  {
    id: 'dark',
    name: 'Dark',
    isDark: true,
    colors: {
      background: '#14171a',
      surface: '#1d2125',
      border: '#363d45',
      text: '#eceff2',
      mutedText: '#a2acb8',
      primary: '#79a8ff',
      onPrimary: '#0b1a33',
      success: '#5fcf88',
      warning: '#f0b44c',
      danger: '#ff8a86',
    },
  },
  {
    id: 'sand',
    name: 'Sand',
    isDark: false,
    colors: {
      background: '#faf6ee',
      surface: '#f1ead9',
      border: '#d8ccb2',
      text: '#2b2417',
      mutedText: '#675a40',
      primary: '#8a4b12',
      onPrimary: '#ffffff',
      success: '#3a6b1f',
      warning: '#875000',
      danger: '#a82a1f',
    },
  },
  {
    id: 'midnight',
    name: 'Midnight',
    isDark: true,
    colors: {
      background: '#0b1020',
      surface: '#141b31',
      border: '#2c3757',
      text: '#e6ebfa',
      mutedText: '#9aa7c9',
      primary: '#8fb4ff',
      onPrimary: '#0b1020',
      success: '#67d7a3',
      warning: '#f2bd64',
      danger: '#ff9191',
    },
  },
  {
    id: 'high-contrast',
    name: 'High contrast',
    isDark: true,
    colors: {
      background: '#000000',
      surface: '#000000',
      border: '#ffffff',
      text: '#ffffff',
      mutedText: '#e0e0e0',
      primary: '#ffd500',
      onPrimary: '#000000',
      success: '#5dff8f',
      warning: '#ffb84d',
      danger: '#ff9d9d',
    },
  },
] as const satisfies readonly Theme[];

export const themeIds = ['system', ...themes.map(({ id }) => id)] as const;
