"""For scripts/picture: a mail as a page, and the page that puts the two screenshots side by side."""

import email
import email.policy
import html
import pathlib
import sys

work, mail = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
message = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
(work / "mail.html").write_text(message.get_body(("html",)).get_content())


def header(name):
    return f"<div><span>{name}</span> {html.escape(message[name])}</div>"


(work / "picture.html").write_text(f"""<!DOCTYPE html>
<meta charset="utf-8">
<style>
body {{ margin: 0; padding: 48px; height: 864px; background: #dfe5ec; display: flex; gap: 40px; font: 14px/22px "DejaVu Sans", sans-serif; color: #1b1f23; }}
figure {{ margin: 0; display: flex; flex-direction: column; background: #fff; border-radius: 10px; overflow: hidden; box-shadow: 0 12px 36px #1b1f2333; }}
figcaption {{ padding: 12px 20px; background: #f6f8fa; border-bottom: 1px solid #d8dde2; white-space: nowrap; }}
figcaption div {{ overflow: hidden; text-overflow: ellipsis; }}
figcaption span {{ display: inline-block; min-width: 64px; color: #57606a; }}
img {{ object-fit: cover; object-position: top; flex: 1; min-height: 0; display: block; }}
</style>
<figure style="flex: 720"><figcaption>http://127.0.0.1:8080/</figcaption><img src="index.png"></figure>
<figure style="flex: 620; min-width: 0"><figcaption>{header("From")}{header("To")}{header("Subject")}</figcaption><img src="mail.png"></figure>
""")
