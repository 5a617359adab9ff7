from .clip import check_format as check_format, draw_clip as draw_clip
