import React from 'react';
import Link from '@docusaurus/Link';

export default function Card({title, href, children}) {
  return (
    <Link className="card" to={href}>
      <h3>{title}</h3>
      <p>{children}</p>
    </Link>
  );
}
