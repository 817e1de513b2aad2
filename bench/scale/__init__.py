"""What a job costs must not grow with what is around it: the same measured at a small value and at a large one."""
