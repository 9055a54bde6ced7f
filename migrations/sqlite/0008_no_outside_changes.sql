-- Commands ask the server that runs, and open the file only when none does: nobody writes beside it any more.

DROP TABLE outside_changes;
