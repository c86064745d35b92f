from pathlib import Path

Path("BOOM").write_text("ran")


class T: ...
