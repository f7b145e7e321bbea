"""Says what pip-audit found: `audit.py FOUND.json`. Ends with 1 where a package has a known weakness, and with 0 where none
has, or where nobody could be asked, which is said, too: no answer is not a good one."""

import json
import sys
from pathlib import Path

found = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["dependencies"] if Path(sys.argv[1]).is_file() else []
weak = [(each, fault) for each in found for fault in each.get("vulns", ())]
asked = [each for each in found if "skip_reason" not in each]
lines = [f"{each['name']} {each['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'no version yet'}"
         for each, fault in weak]
if not asked:
    lines.append(f"No index of advisories answers here: none of the {len(found)} packages was checked. Run make audit where "
                 "one does.")
elif len(asked) < len(found):
    lines.append(f"{len(found) - len(asked)} of {len(found)} packages were not checked: there were no advisories to ask.")
if asked and not weak:
    lines.append(f"{len(asked)} packages were checked: no known weakness.")
sys.stdout.write("\n".join(lines) + "\n")
sys.exit(bool(weak))
