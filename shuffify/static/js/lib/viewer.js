// Who is logged in on this page: what a browser keeps for one person is nobody else's.

export const userId = () => document.documentElement.dataset.user;
