/**
 * The one style of all pages, within each of them: nothing is loaded. Colours stand once for light and once for dark; text has a
 * contrast of 4.5:1 or more, the edges of fields and the mark of focus one of 3:1.
 */
export const style = `:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif;
--page:#f3f5f8;--card:#fff;--text:#1a1d21;--quiet:#525a65;--line:#dde2e8;--edge:#737c88;
--act:#0b57d0;--act-over:#0947ad;--on-act:#fff;--wrong:#a8201a;--wrong-back:#fdf1f0}
@media (prefers-color-scheme:dark){:root{--page:#0e1116;--card:#171b22;--text:#e7eaee;--quiet:#a7b0bb;--line:#2b323c;--edge:#7f8a97;
--act:#8ab4f8;--act-over:#aecbfa;--on-act:#0a1626;--wrong:#f6aea9;--wrong-back:#2a1919}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;padding:8vh 1rem 2rem;background:var(--page);color:var(--text);overflow-wrap:anywhere}
header,main{max-width:27rem;margin:0 auto}
header{padding:0 .25rem .75rem;font-weight:650;letter-spacing:.02em;color:var(--quiet)}
main{padding:1.75rem 1.5rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem}
h1{font-size:1.375rem;line-height:1.3;margin:0 0 .75rem}
p{margin:.75rem 0}
a{color:var(--act)}
label{display:block;margin:1.125rem 0 .375rem;font-weight:600}
input{width:100%;min-height:2.75rem;padding:.5rem .75rem;font:inherit;color:inherit;background:var(--card);border:1px solid var(--edge);border-radius:.5rem}
input.code,code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
input.code{letter-spacing:.08em}
code{font-size:1.0625rem}
p code{display:block;margin-top:.5rem}
button{min-height:2.75rem;padding:.5rem 1.25rem;font:inherit;font-weight:600;color:inherit;background:none;border:1px solid var(--edge);border-radius:.5rem;cursor:pointer}
button:hover{border-color:currentcolor}
button.yes{color:var(--on-act);background:var(--act);border-color:var(--act)}
button.yes:hover{background:var(--act-over);border-color:var(--act-over)}
.answers{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}
.answers button{flex:1}
form+form .answers{margin-top:.75rem}
details{margin-top:1.75rem;padding-top:1.25rem;border-top:1px solid var(--line)}
summary{color:var(--quiet);cursor:pointer}
ul{margin:0;padding-left:1.25rem}
pre{max-height:24rem;margin:.25rem 0 0;padding:.75rem;overflow:auto;white-space:pre-wrap;background:var(--page);border-radius:.5rem}
:focus-visible{outline:3px solid var(--act);outline-offset:2px}
dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.5rem 1.25rem;margin:1.25rem 0}
dt{color:var(--quiet)}
dd{margin:0;font-weight:600}
.facts{grid-template-columns:minmax(0,1fr);gap:0}
.facts dd{margin-bottom:1rem;font-weight:400}
.facts details{margin:0;padding:0;border:0}
.facts code{font-size:.875rem}
.wrong{margin:0 0 1rem;padding:.75rem 1rem;color:var(--wrong);background:var(--wrong-back);border-left:.25rem solid;border-radius:.25rem}
.out{margin-top:1.75rem;padding-top:1.25rem;border-top:1px solid var(--line)}
.out button{color:var(--quiet);font-weight:400}
@media (max-width:24rem){body{padding-top:1.5rem}main{padding:1.25rem 1rem}dl{grid-template-columns:minmax(0,1fr);gap:0}dd{margin-bottom:.75rem}}`;
