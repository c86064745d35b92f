AUDIT = []
