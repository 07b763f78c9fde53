/** Colours of Okabe and Ito, which those who are colour-blind tell apart; models differ by form besides. */
export const pageStyle = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--dim:#5b6470;--rule:#d5dae0;--soft:#f3f5f7;--candidate:#0072b2;--champion:#b34a00;--difference:#1b1f24;--limit:#a3005c;--good:#00694f;--bad:#a3005c;--open:#7a5200}
@media(prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e7eaee;--dim:#a1abb7;--rule:#39414b;--soft:#1d2127;--candidate:#56b4e9;--champion:#f0a050;--difference:#e7eaee;--limit:#f08cc0;--good:#4fd0a8;--bad:#f08cc0;--open:#f0c050}}
@media print{:root{--paper:#fff;--ink:#000;--dim:#444;--rule:#bbb;--soft:#fff;--candidate:#0072b2;--champion:#b34a00;--difference:#000;--limit:#a3005c;--good:#00694f;--bad:#a3005c;--open:#7a5200}section,tr{break-inside:avoid}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:60rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2.25rem 0 .25rem}h3{font-size:1rem;margin:1.25rem 0 .25rem}
p{margin:.25rem 0 .5rem;max-width:46rem}.dim,figcaption,caption{color:var(--dim);font-size:.875rem}caption{text-align:left;padding-bottom:.25rem}
.passed,.promoted{color:var(--good)}.failed,.rejected{color:var(--bad)}.inconclusive,.awaiting-approval{color:var(--open)}
table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--rule);vertical-align:top}
th{font-weight:600}th .dim,th span{font-weight:400}thead th{color:var(--dim);font-weight:400}td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}td.p{width:38%;padding-right:0;vertical-align:middle}td.p svg{display:block}
ul{padding-left:1.2rem;margin:.5rem 0}li p{margin:0}figure{margin:.75rem 0}details{margin:.25rem 0}summary{cursor:pointer;color:var(--dim);font-size:.875rem}
svg{overflow:visible}svg text{fill:var(--dim);font-size:12px}
.interval{stroke-width:2}.point{stroke-width:8;stroke-linecap:square}circle.point{stroke:none}
.candidate{stroke:var(--candidate);fill:var(--candidate)}.champion{stroke:var(--champion);fill:var(--champion)}.difference{stroke:var(--difference);fill:var(--difference)}
.limit{stroke:var(--limit);stroke-width:2;stroke-dasharray:4 3}.zero,.axis{stroke:var(--dim);stroke-width:1}.grid{stroke:var(--rule);stroke-width:1}.blind{fill:var(--rule);opacity:.5}
.path{stroke-width:2;fill:none}.path.champion{stroke-dasharray:6 3}rect.candidate{fill-opacity:.45}
.key{display:inline-flex;gap:.35rem;align-items:center;margin-right:1.1rem;white-space:nowrap}.key svg{flex:none}
@media(max-width:40rem){td.p{display:block;width:auto;padding-top:0}tr:has(td.p){display:grid;grid-template-columns:1fr auto auto;border-bottom:1px solid var(--rule)}tr:has(td.p)>*{border:0}tr:has(td.p)>td.p{grid-column:1/-1}thead tr:has(th.p){display:grid;grid-template-columns:1fr auto auto}th.p{display:none}table.four tr:has(td.p),table.four thead tr:has(th.p){grid-template-columns:1fr auto auto auto}}
`
