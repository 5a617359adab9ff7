from .submission_meta import check_meta as check_meta
from .submission_outputs import check_outputs as check_outputs, eval_clips as eval_clips
from .submission_rules import (
    LABEL as LABEL,
    LABEL_FORM as LABEL_FORM,
    LARGEST_REPORT_BYTES as LARGEST_REPORT_BYTES,
    MOST_SYSTEMS as MOST_SYSTEMS,
    PDF_END as PDF_END,
    PDF_START as PDF_START,
    meta_path as meta_path,
    meta_template as meta_template,
    output_path as output_path,
    report_path as report_path,
    team_of as team_of,
)
from .submission_zip import tree as tree, write_submission as write_submission
