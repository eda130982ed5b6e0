/** How our plain pages look: readable from 320 px up, in light and dark. */
export const pageStyle = `
:root { color-scheme: light dark; --ground: #f3f4f6; --paper: #fff; --ink: #111827; --soft: #4b5563; --line: #8b94a3; --action: #1d4ed8; --focus: #1d4ed8; --good: #166534; --bad: #b91c1c; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #111827; --paper: #1f2937; --ink: #f3f4f6; --soft: #b6bfcc; --line: #7b8698; --action: #2563eb; --focus: #93c5fd; --good: #86efac; --bad: #fca5a5; }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); }
main { max-width: 27rem; margin: 0 auto; padding: 1.5rem; background: var(--paper); border-radius: 12px; overflow-wrap: anywhere; }
@media (min-width: 40rem) { body { padding: 10vh 1rem 2rem; } main { padding: 2.25rem; } }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.25; }
p { margin: .5rem 0 0; }
ul { margin: .75rem 0 0; padding-left: 1.25rem; }
li + li { margin-top: .3rem; }
form > * { margin: 1.25rem 0 0; }
fieldset { padding: 0; border: 0; }
legend { padding: 0; font-weight: 600; }
label { display: block; }
.field > label { font-weight: 600; }
.hint { margin: .3rem 0 0; color: var(--soft); font-size: .9rem; }
.error { margin: .3rem 0 0; color: var(--bad); font-size: .9rem; }
.field > input { display: block; width: 100%; min-height: 2.75rem; margin-top: .3rem; padding: .5rem .7rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 8px; }
.field > input[aria-invalid] { border-color: var(--bad); }
.choice { display: flex; align-items: center; gap: .6rem; min-height: 2.25rem; width: fit-content; cursor: pointer; }
.choice input { flex: none; width: 1.15rem; height: 1.15rem; margin: 0; accent-color: var(--action); }
.field + .field { margin-top: 1.25rem; }
.field + .choice { margin-top: .6rem; }
button { display: block; width: 100%; min-height: 2.9rem; padding: .5rem 1rem; font: inherit; font-weight: 600; color: #fff; background: var(--action); border: 0; border-radius: 8px; cursor: pointer; }
button[aria-disabled] { opacity: .7; cursor: progress; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.said { margin: 1.25rem 0 0; padding: .7rem .9rem; border: 1px solid currentColor; border-left-width: 5px; border-radius: 8px; }
.said:empty { margin: 0; padding: 0; border: 0; }
.said:focus { outline: none; }
.said.good { color: var(--good); }
.said.bad { color: var(--bad); }
`;
