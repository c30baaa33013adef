"""Files as `loopline attribute` is given them."""

PATHS = "path;total_conversions;total_conversion_value;total_null\nA > B;2;30;1\nB>A>C;1;10.5;0\nC;0;0;7\n"
TOUCHES = """path_id,touched_at,channel,converted_at,value
p1,2026-03-08T00:00:00Z,B,2026-03-08T00:00:01Z,300
p1,2026-03-01T00:00:00Z,A,2026-03-08T00:00:01Z,300
p1,2026-03-09T00:00:00Z,C,2026-03-08T00:00:01Z,300
p2,2026-03-02T00:00:00Z,C,,
p3,2026-03-20T00:00:00Z,A,2026-03-10T00:00:00Z,50
"""
