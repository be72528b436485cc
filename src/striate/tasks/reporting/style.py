"""The part of the style sheet that only reports need."""

STYLE = """
.cell{display:none;border:1px solid var(--line);border-radius:.5rem;padding:.75rem;margin:.75rem 0;
scroll-margin-top:1rem}
.cell:target{display:block}.cell h3{margin:0 0 .25rem;font-size:1rem}
.thumbs{display:flex;flex-wrap:wrap;gap:.4rem}a{color:var(--train)}
.confusion td{padding:0}.confusion td a,.confusion td span{display:block;padding:.2rem .6rem;color:inherit;
text-decoration:none}.confusion td a:hover,.confusion td a:focus-visible{outline:2px solid var(--train);
outline-offset:-2px}
.confusion th{max-width:9rem;overflow:hidden;text-overflow:ellipsis}
.confusion .self{outline-color:var(--line)}
.t{display:inline-block;background-color:#8882;background-repeat:no-repeat;vertical-align:top}
.shots{display:flex;flex-wrap:wrap;gap:1rem}.shots figure{width:8.5rem;overflow-wrap:anywhere}
.sheet{max-width:100%;height:auto}.warning{border-left:4px solid var(--val);padding-left:.75rem}
.dot{fill:var(--train);fill-opacity:.35}.bin{fill:var(--val)}.even{stroke:var(--dim);stroke-dasharray:3 4}
.better{color:#15803d}.worse{color:#b91c1c}
@media(prefers-color-scheme:dark){.better{color:#4ade80}.worse{color:#f87171}}
"""
