from .record import MOST_TRIES as MOST_TRIES, ResumeRecord as ResumeRecord, model_sha256 as model_sha256
from .running import predict_all as predict_all
from .shards import Shard as Shard, merge_tables as merge_tables, read_shard as read_shard
from .tables import (
    COLUMNS as COLUMNS,
    TABLES as TABLES,
    TableRow as TableRow,
    arrow_table as arrow_table,
    check_writable as check_writable,
    read_column as read_column,
    read_table as read_table,
    rows_of_result as rows_of_result,
    write_table as write_table,
)
from .work import (
    PART_S as PART_S,
    Outcome as Outcome,
    Part as Part,
    PartResult as PartResult,
    Parts as Parts,
    Work as Work,
    Worker as Worker,
    useful_workers as useful_workers,
)
from .workers import Alone as Alone, Crew as Crew, Processes as Processes
