import sys
from fontTools.ttLib import TTFont
from fontTools import subset
src, dst = sys.argv[1:]
f = TTFont(src)
order = set(f.getGlyphOrder())
g = f['GSUB'].table
tnum = {}
for r in g.FeatureList.FeatureRecord:
    if r.FeatureTag == 'tnum':
        for i in r.Feature.LookupListIndex:
            for st in g.LookupList.Lookup[i].SubTable:
                st = getattr(st, 'ExtSubTable', st)
                tnum.update(st.mapping)
print([tnum.get(f.getBestCmap()[ord(c)]) for c in '0123456789'])
cmap_tables = [t for t in f['cmap'].tables if t.isUnicode()]
for t in cmap_tables:
    for c in '0123456789':
        n = t.cmap[ord(c)]
        t.cmap[ord(c)] = tnum.get(n, n)
o = subset.Options()
o.layout_features = []
o.drop_tables += ['GDEF','GPOS','GSUB']
o.name_IDs = [0,1,2,3,4,5,6,13,14]
o.notdef_outline = True
o.hinting = False
o.desubroutinize = False
s = subset.Subsetter(o)
u = list(range(0x20,0x7f))+list(range(0xa0,0x250))+list(range(0x2b0,0x2c0))+list(range(0x300,0x370))+list(range(0x370,0x400))+list(range(0x400,0x530))+list(range(0x1e00,0x1f00))+list(range(0x1f00,0x2000))+list(range(0x2010,0x2028))+list(range(0x2030,0x2060))+[0x20ac,0x20bd,0x2122,0x2116,0x2190,0x2191,0x2192,0x2193,0x2212,0x00d7,0x2318,0x21e7,0x2715,0xfffd]
s.populate(unicodes=u)
s.subset(f)
f.save(dst)
print(dst, sorted(order)[:0])
