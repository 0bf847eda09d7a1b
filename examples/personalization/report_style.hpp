// The look of report.html: light and dark, a phone's screen and a desk's.
#pragma once

#include <string_view>

namespace personalization {

inline constexpr std::string_view report_style = R"css(
:root{--paper:#fcfcfa;--card:#fff;--ink:#1d2129;--soft:#626a77;--rule:#dfe2e7;--mark:#3558c0;--bar:#b9c4dd;--good:#217a4b;--bad:#b8433a;--tint:#eef2fb}
@media(prefers-color-scheme:dark){:root{--paper:#14161a;--card:#1c1f25;--ink:#e6e8ec;--soft:#9aa3b0;--rule:#31353d;--mark:#8aa6ff;--bar:#414b63;--good:#5cc48d;--bad:#f0857b;--tint:#232a3b}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:1080px;margin:0 auto;padding:20px 16px 64px}
h1{font-size:1.7rem;line-height:1.2;margin:.4em 0 .2em}
h2{font-size:1.25rem;margin:2.2em 0 .4em;padding-top:.6em;border-top:1px solid var(--rule)}
h3{font-size:1rem;margin:0 0 .5em}
p{margin:.4em 0 .9em;max-width:46em}
.soft,small{color:var(--soft)}
a{color:var(--mark)}
nav{display:flex;flex-wrap:wrap;gap:4px 14px;margin:12px 0;font-size:.92rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(132px,1fr));gap:10px;margin:16px 0}
.fact{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:10px 12px}
.fact b{display:block;font-size:1.25rem;line-height:1.3;font-variant-numeric:tabular-nums}
.fact span{color:var(--soft);font-size:.85rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:14px;margin:12px 0}
.card{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:12px 14px;min-width:0}
.wide{overflow-x:auto;background:var(--card);border:1px solid var(--rule);border-radius:10px;margin:12px 0}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:6px 10px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule)}
tr:last-child td,tr:last-child th{border-bottom:0}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--card)}
thead th{color:var(--soft);font-weight:600;font-size:.82rem}
td small{margin-left:.25em;font-size:.78em}
td.best{font-weight:700;color:var(--mark)}
td.text,th.text{text-align:left;white-space:normal}
.plus{color:var(--good)}.minus{color:var(--bad)}
details{margin:8px 0}summary{cursor:pointer;color:var(--mark)}
svg{display:block;width:100%;height:auto;max-width:640px;font-size:12px}
svg text{fill:var(--ink);paint-order:stroke;stroke:var(--card);stroke-width:2.5px;stroke-linejoin:round}svg .small{font-size:11px;fill:var(--soft)}svg .strong{font-weight:700}
svg .bar{fill:var(--bar)}svg .best{fill:var(--mark)}
svg .error{stroke:var(--ink);stroke-width:1}svg .grid{stroke:var(--rule)}svg .reference{stroke:var(--bad);stroke-dasharray:4 3;stroke-width:1.3}
svg .range{stroke-width:2.5;stroke:var(--soft)}svg .dot{fill:var(--soft)}
svg .range.above{stroke:var(--good)}svg .dot.above{fill:var(--good)}svg .range.below{stroke:var(--bad)}svg .dot.below{fill:var(--bad)}
.chip{display:inline-block;font-size:.72rem;line-height:1.5;padding:0 7px;border-radius:9px;background:var(--tint);color:var(--soft);margin-left:6px;vertical-align:1px}
.chip.hit{color:var(--good)}
ol,ul{margin:.3em 0;padding-left:1.5em}li{margin:.12em 0;overflow-wrap:anywhere}
.history{font-size:.88rem;color:var(--soft);overflow-wrap:anywhere}
@media(max-width:640px){td small{display:block;margin:0}table{font-size:.84rem}th,td{padding:5px 8px}td:first-child{white-space:normal;min-width:8.8em;max-width:11em;line-height:1.25;overflow-wrap:anywhere}thead th:not(:first-child){white-space:normal}.card{padding:10px}svg{font-size:13px}svg .small{font-size:12.5px}}
.map{max-width:720px}.map svg{max-width:none}
)css";

}  // namespace personalization
