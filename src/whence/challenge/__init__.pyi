from .meta_file import meta_template as meta_template
from .submission import (
    collect_submission as collect_submission,
    eval_clips as eval_clips,
    submission_tree as submission_tree,
    system_labels as system_labels,
    write_submission as write_submission,
)
