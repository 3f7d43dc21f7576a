import React from 'react';

export const Kbd = ({children}) => <kbd>{children}</kbd>;
export const Badge = ({text}) => <span className="badge badge--secondary">{text}</span>;
