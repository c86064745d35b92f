DRAWN = []
